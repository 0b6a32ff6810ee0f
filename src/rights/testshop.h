/* testshop.h — for the tests of this folder: a charter with records of a person found by address, by scan, by reference and by what they
 * belong to, and records that name a person beside another. */
#pragma once
#include "records/testbed.h"
#include "records/testcharters.h"

static const char shop[] =
    CHARTER_HEAD("shop", "PL", "Europe/Warsaw")
    "people:\n  buyer: who buys\n  carrier: who carries\n  owner: the customer\n"
    "tenant: owner\n"
    "records:\n"
    "  order:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: buyer\n    because: contract with the buyer\n    used_for: [selling]\n"
    "    holds:\n"
    "      name: personal name\n"
    "      email: personal email, found exactly\n"
    "      phone: personal phone, optional\n"
    "      gift_email: personal email, optional\n"
    "      carrier: reference to carrier, optional\n"
    "    keep: 1 year after created, then erase\n"
    "    when_deleted: erase scan\n"
    "  bill:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: buyer\n    because: law art. 74\n"
    "    holds:\n"
    "      order: reference to order, found exactly\n"
    "      buyer: personal text\n"
    "    keep: 5 years after created, then erase\n"
    "  scan:\n"
    "    we_are: processor for the owner\n    belongs_to: order\n    about: buyer\n    because: contract with the buyer\n    used_for: [selling]\n"
    "    holds:\n"
    "      text: personal text\n"
    "    keep: 1 year after created, then erase\n"
    "  carrier:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: carrier\n    because: contract with the owner\n    used_for: [carrying]\n"
    "    holds:\n"
    "      name: personal name\n"
    "      phone: personal phone, found exactly\n"
    "    keep: 1 year after created, then erase\n"
    "  question:\n"
    "    we_are: processor for the owner\n    belongs_to: owner\n    about: buyer\n    because: contract with the buyer\n    used_for: [answering]\n"
    "    holds:\n"
    "      email: personal email\n"
    "      text: personal text\n"
    "    keep: 60 days after created, then erase\n"
    "who_sees:\n"
    "  buyer: everything of own order, everything of own bill, everything of own question, by private link\n"
    "  owner: everything of own order, everything of own bill, everything of own scan, everything of own carrier, everything of own question\n"
    "  support: nothing personal\n"
    "sign_in:\n  owner: password of 12 characters and a second step\n"
    CHARTER_TAIL;

static struct uuid made(struct bed *b, int64_t tenant, const char *kind, json_t *input) {
    struct caller owner = bed_role(b, tenant, charter_name(b->charter)[0] == 's' ? "owner" : "organiser");
    json_t *got = NULL;
    CHECK_OK(bed_make(b, &owner, kind, input, &got), &b->e);
    struct uuid id = id_of(got);
    json_decref(got);
    return id;
}

static json_t *order_of(const char *email, const char *phone, const struct uuid *carrier) {
    char id[UUID_TEXT];
    return json_pack("{s:s, s:s, s:s*, s:s*}", "name", "Ewa Lis", "email", email, "phone", phone, "carrier", carrier == NULL ? NULL : uuid_format(carrier, id));
}

static json_t *hanging(const char *member, const struct uuid *id, const char *field) {
    char text[UUID_TEXT];
    return json_pack("{s:s, s:s}", member, uuid_format(id, text), field, "Ewa Lis");
}

struct placed { struct uuid carrier, order, bill, scan, question, others, gift; };
UNUSED static struct placed place(struct bed *b) {
    struct placed p;
    json_t *gift = order_of("adam@people.example", NULL, NULL);
    p.carrier = made(b, b->tenant, "carrier", json_pack("{s:s, s:s}", "name", "Jan Sowa", "phone", "+48600100200"));
    p.order = made(b, b->tenant, "order", order_of("ewa@people.example", "+48 600 300 400", &p.carrier));
    p.bill = made(b, b->tenant, "bill", hanging("order", &p.order, "buyer"));
    p.scan = made(b, b->tenant, "scan", hanging("order", &p.order, "text"));
    p.question = made(b, b->tenant, "question", json_pack("{s:s, s:s}", "email", "Ewa@People.example", "text", "When?"));
    p.others = made(b, b->tenant, "order", order_of("ola@people.example", "+48 600 300 400", &p.carrier));
    json_object_set_new(gift, "gift_email", json_string("ewa@people.example"));
    p.gift = made(b, b->tenant, "order", gift);
    made(b, b->tenant, "bill", hanging("order", &p.others, "buyer"));
    made(b, b->other, "question", json_pack("{s:s, s:s}", "email", "ewa@people.example", "text", "Another tenant's"));
    return p;
}

