/* load_test.c — the charters that ship with sejf load whole. */
#include "charter/load.c"
#include "base/test.h"

#include <stdlib.h>

TEST(loads_every_charter_of_the_project) {
    static const char *const files[] = { "charters/events.yaml", "charters/courier.yaml", "charters/mail.yaml", "charters/machines.yaml", "charters/bookings.yaml",
        "tests/charters/traps/deliveo.yaml", "tests/charters/traps/emaillabs.yaml", "tests/charters/traps/konfeo.yaml", "tests/charters/traps/coffeecloud.yaml", "tests/charters/traps/asysto.yaml" };
    const char *source = getenv("SEJF_SOURCE");
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(findings_free) struct findings *f = findings_new();
        AUTO(charter_free) struct charter *c = NULL;
        AUTO(buf_done) struct buf path = BUF(4096), out = BUF(1 << 20);
        struct err e;
        buf_printf(&path, "%s/%s", source != NULL ? source : ".", files[i]);
        enum code code = charter_load(buf_str(&path), f, &c, &e);
        findings_print(f, &out);
        CHECK_TEXT(buf_str(&out), "");
        CHECK_CODE(code, OK, &e);
    }
}
