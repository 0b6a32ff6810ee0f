/* testcharters.h — charters of the tests, as C texts. */
#pragma once

#define CHARTER_HEAD(name, country, zone) \
    "charter: " name "\ntitle: {en: Test}\nupdated: 2026-11-22\nclock: " zone "\nspeaks: [pl, en, hu]\n" \
    "operator:\n  name: Test sp. z o.o.\n  country: " country "\n  contact: a@test.example\n  authority: UODO\n"

/* What none of these tests is about. */
#define CHARTER_TAIL \
    "agreement: needed before any personal data\n" \
    "connections: TLS 1.2 or newer\n" \
    "backups:\n  database: every 3 hours, kept 1 year\n  files: every day, kept 1 year\n  configuration: every day, kept 1 year\n  stored: in the EEA, apart from the data\n  undo: 14 days\n" \
    "logs: kept 30 days, masked when written\n" \
    "transfers: never outside the EEA\n" \
    "rights: answered within 1 month\n" \
    "breach: controller within 24 hours, authority within 72 hours\n" \
    "cookies: none but those needed\n" \
    "not_sealed: []\nclaims: []\n"

static const char events_charter[] __attribute__((unused)) =
    CHARTER_HEAD("events", "PL", "Europe/Warsaw")
    "people:\n  participant: a person who registers\n  organiser: the customer\n  door: somebody at the door\n"
    "tenant: organiser\n"
    "records:\n"
    "  event:\n"
    "    belongs_to: organiser\n"
    "    holds:\n"
    "      title: text, found by word\n"
    "      place: text, optional\n"
    "      starts: time, sorted\n"
    "      ends: time, sorted\n"
    "      seats: number, optional\n"
    "    keep: until the organiser deletes it\n"
    "    when_deleted: erase registration, keep invoice\n"
    "  registration:\n"
    "    we_are: processor for the organiser\n"
    "    belongs_to: event\n"
    "    about: participant\n"
    "    because: contract with the organiser\n"
    "    used_for: [running the event]\n"
    "    form: register, asks name, email, phone, diet\n"
    "    number: 000001 per event\n"
    "    holds:\n"
    "      name: personal text, found by word, found by prefix\n"
    "      email: personal email, found exactly\n"
    "      phone: personal phone, optional\n"
    "      diet: sensitive text, optional, only with consent diet\n"
    "      badge: personal file, optional\n"
    "      status: one of waiting | accepted | cancelled | attended, found exactly\n"
    "    limits:\n"
    "      - accepted at most event.seats, else waiting\n"
    "      - one for each event and email, cancelled not counted\n"
    "    moves:\n"
    "      waiting to accepted: organiser, or first when a seat is free\n"
    "      waiting to cancelled: participant or organiser\n"
    "      accepted to cancelled: participant or organiser\n"
    "      accepted to attended: door\n"
    "    keep: 180 days after event.ends, then erase\n"
    "  invoice:\n"
    "    we_are: processor for the organiser\n"
    "    belongs_to: event\n"
    "    about: participant\n"
    "    because: law Ustawa o rachunkowości art. 74\n"
    "    number: FV/2026/000001 per organiser, without gaps\n"
    "    holds:\n"
    "      issued: date\n"
    "      buyer: personal text\n"
    "      total: money\n"
    "    keep: 5 years after end of year of issued, then erase\n"
    "who_sees:\n"
    "  participant: everything of own registration, everything of own invoice, by private link\n"
    "  organiser: everything of own event, everything of own registration, everything of own invoice\n"
    "  door: name, status of own registration, on the day of event.starts\n"
    "  support: nothing personal, unless the tenant opens a window of at most 4 hours\n"
    "who_changes:\n"
    "  participant: phone, diet of own registration\n"
    "  door: nothing\n"
    "sign_in:\n  organiser: password of 12 characters and a second step\n"
    CHARTER_TAIL;
