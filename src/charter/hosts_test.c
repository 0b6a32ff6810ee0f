/* hosts_test.c — each key of a machine, and each mistake in it. */
#include "charter/hosts.c"
#include "charter/instance_rows.h"

#define ID "0123456789abcdef0123456789abcdef"

TEST(machines_are_known_by_their_ids) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(instance_free) struct instance *i = NULL;
    CHECK_INT(load("hosts:\n  - {id: " ID ", name: poz-1}\n  - id: fedcba9876543210fedcba9876543210\n    name: poz-2\n    owner: Serwerownia sp. z o.o.\n    contract: 2026-02-01 to 2028-02-01\n", f, &i), OK);
    const struct own_host *first = i == NULL ? NULL : instance_own(i, ID), *second = i == NULL ? NULL : instance_own(i, "fedcba9876543210fedcba9876543210");
    if (first == NULL || second == NULL || i->own_count != 2) {
        CHECK(false);
        return;
    }
    CHECK_TEXT(first->name, "poz-1");
    CHECK(first->owner == NULL && instance_own(i, "0123456789abcdef0123456789abcdee") == NULL && instance_own(i, "") == NULL);
    CHECK_TEXT(second->owner, "Serwerownia sp. z o.o.");
    CHECK_TEXT(second->contract, "2026-02-01 to 2028-02-01");
}

TEST(a_machine_that_is_none_is_refused) {
    static const struct mistake row[] = {
        { "hosts: " ID "\n", "wrong-kind" }, { "hosts: [" ID "]\n", "wrong-kind" }, { "hosts: [{name: a}]\n", "missing-key" }, { "hosts: [{id: " ID "}]\n", "missing-key" },
        { "hosts: [{id: 12, name: a}]\n", "bad-value" }, { "hosts: [{id: 0123456789ABCDEF0123456789ABCDEF, name: a}]\n", "bad-value" },
        { "hosts: [{id: " ID ", name: a, onwer: b}]\n", "unknown-key" }, { "hosts:\n  - {id: " ID ", name: a}\n  - {id: " ID ", name: b}\n", "two-lines-contradict" },
        { "hosts: [{id: " ID ", name: [a]}]\n", "wrong-kind" },
    };
    refuses_each(row, ARRAY_LEN(row));
}

