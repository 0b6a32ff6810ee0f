/* schema.c — the tables of records.db and index.db, step by step. A step that was released is never changed:
 * what comes later is a step of its own. Every table that holds a tenant's rows is keyed by tenant first. */
#include "store/inner.h"

static const struct migration records_steps[] = {
    { 1,
      /* What a charter's names are called in rows, for each service; instance-wide. */
      "CREATE TABLE name (service TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL, number INTEGER NOT NULL,"
      " PRIMARY KEY (service, type, name)) STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX name_number ON name (service, type, number);"
      "CREATE TABLE service (name TEXT NOT NULL PRIMARY KEY, charter TEXT NOT NULL, hash BLOB NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE tenant (id INTEGER NOT NULL PRIMARY KEY, service TEXT NOT NULL, name TEXT NOT NULL, probe INTEGER NOT NULL,"
      " made INTEGER NOT NULL, closed INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX tenant_name ON tenant (service, name);"
      "CREATE TABLE token (hash BLOB NOT NULL PRIMARY KEY, number INTEGER NOT NULL, tenant INTEGER NOT NULL, role TEXT NOT NULL, label TEXT NOT NULL,"
      " subject BLOB, subject_kind INTEGER NOT NULL, scope TEXT NOT NULL, loopback INTEGER NOT NULL, made INTEGER NOT NULL, expires INTEGER,"
      " revoked INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX token_number ON token (number);"
      "CREATE INDEX token_tenant ON token (tenant, number);"
      "CREATE TABLE proof (service TEXT NOT NULL, rule TEXT NOT NULL, state INTEGER NOT NULL, detail TEXT NOT NULL, at INTEGER NOT NULL,"
      " ledger_seq INTEGER NOT NULL, PRIMARY KEY (service, rule)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE tenant_clock (tenant INTEGER NOT NULL PRIMARY KEY, change INTEGER NOT NULL, records INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE record (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, change INTEGER NOT NULL,"
      " created INTEGER NOT NULL, updated INTEGER NOT NULL, due INTEGER, restricted INTEGER NOT NULL, parent BLOB, number TEXT, clear TEXT NOT NULL,"
      " PRIMARY KEY (tenant, kind, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX record_change ON record (tenant, change);"
      "CREATE INDEX record_due ON record (tenant, due) WHERE due IS NOT NULL;"
      "CREATE INDEX record_parent ON record (tenant, kind, parent, id) WHERE parent IS NOT NULL;"
      "CREATE TABLE part (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, part INTEGER NOT NULL, key INTEGER NOT NULL, due INTEGER,"
      " bytes BLOB NOT NULL, PRIMARY KEY (tenant, kind, id, part)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE tombstone (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, change INTEGER NOT NULL,"
      " at INTEGER NOT NULL, PRIMARY KEY (tenant, kind, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX tombstone_change ON tombstone (tenant, change);"
      "CREATE TABLE claim (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, rule INTEGER NOT NULL, what BLOB NOT NULL, holder BLOB NOT NULL,"
      " generation INTEGER NOT NULL, PRIMARY KEY (tenant, kind, rule, what)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX claim_holder ON claim (tenant, kind, holder, rule);"
      "CREATE TABLE counter (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, rule INTEGER NOT NULL, scope BLOB NOT NULL, year INTEGER NOT NULL,"
      " value INTEGER NOT NULL, PRIMARY KEY (tenant, kind, rule, scope, year)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE span (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, rule INTEGER NOT NULL, what BLOB NOT NULL, start INTEGER NOT NULL,"
      " holder BLOB NOT NULL, stop INTEGER NOT NULL, generation INTEGER NOT NULL, PRIMARY KEY (tenant, kind, rule, what, start, holder)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX span_holder ON span (tenant, kind, holder, rule);"
      "CREATE TABLE reply (tenant INTEGER NOT NULL, key_hash BLOB NOT NULL, request_hash BLOB NOT NULL, status INTEGER NOT NULL, key INTEGER NOT NULL,"
      " bytes BLOB NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (tenant, key_hash)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX reply_until ON reply (tenant, until);"
      "CREATE TABLE file (tenant INTEGER NOT NULL, id BLOB NOT NULL, kind INTEGER NOT NULL, record BLOB NOT NULL, field INTEGER NOT NULL,"
      " key INTEGER NOT NULL, size INTEGER NOT NULL, made INTEGER NOT NULL, meta BLOB NOT NULL, PRIMARY KEY (tenant, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX file_record ON file (tenant, kind, record);"
      "CREATE TABLE doomed (tenant INTEGER NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (tenant, key)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE ledger (tenant INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, digest BLOB NOT NULL, head BLOB NOT NULL,"
      " entry TEXT NOT NULL, PRIMARY KEY (tenant, seq)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE ledger_head (tenant INTEGER NOT NULL PRIMARY KEY, seq INTEGER NOT NULL, head BLOB NOT NULL, signature BLOB NOT NULL,"
      " at INTEGER NOT NULL) STRICT, WITHOUT ROWID" },
    { 2, "CREATE TABLE owner (id BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID" },      /* the data directory's: one row */
    { 3,
      /* Whose record an id is, for those under which a public form stands; instance-wide. */
      "CREATE TABLE door (id BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, tenant INTEGER NOT NULL) STRICT, WITHOUT ROWID" },
    { 4,
      /* People who sign in; instance-wide. */
      "CREATE TABLE account (id BLOB NOT NULL PRIMARY KEY, version INTEGER NOT NULL, state INTEGER NOT NULL, profile_key INTEGER NOT NULL, profile BLOB NOT NULL,"
      " secret_key INTEGER NOT NULL, secret BLOB NOT NULL, made INTEGER NOT NULL, password INTEGER NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE TABLE member (account BLOB NOT NULL, tenant INTEGER NOT NULL, role TEXT NOT NULL, levels TEXT NOT NULL, own TEXT NOT NULL, since INTEGER NOT NULL,"
      " suspended INTEGER NOT NULL, PRIMARY KEY (account, tenant)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX member_tenant ON member (tenant, account);"
      "CREATE TABLE session (hash BLOB NOT NULL PRIMARY KEY, number INTEGER NOT NULL, account BLOB NOT NULL, step INTEGER NOT NULL, factors INTEGER NOT NULL,"
      " agent TEXT NOT NULL, made INTEGER NOT NULL, ran INTEGER NOT NULL, used INTEGER NOT NULL, used_ran INTEGER NOT NULL, elevated INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX session_number ON session (number);"
      "CREATE INDEX session_account ON session (account, number);"
      "CREATE INDEX session_ran ON session (ran);"
      "CREATE TABLE link (hash BLOB NOT NULL PRIMARY KEY, purpose INTEGER NOT NULL, account BLOB NOT NULL, tenant INTEGER NOT NULL, made INTEGER NOT NULL,"
      " ran_until INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
      "CREATE INDEX link_account ON link (account, purpose, tenant);"
      "ALTER TABLE token ADD COLUMN account BLOB;"
      "ALTER TABLE token ADD COLUMN addresses TEXT NOT NULL DEFAULT '';"
      "CREATE INDEX token_account ON token (account, number) WHERE account IS NOT NULL" },
    { 5,
      /* Who is authorised, and windows for the operator's staff; window_over names those that are not closed, of all tenants. */
      "CREATE TABLE authorisation (tenant INTEGER NOT NULL, number INTEGER NOT NULL, account BLOB NOT NULL, begins INTEGER NOT NULL, until INTEGER NOT NULL,"
      " trained INTEGER, withdrawn INTEGER NOT NULL, made INTEGER NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX authorisation_account ON authorisation (tenant, account, until, begins, trained) WHERE withdrawn = 0;"
      "CREATE TABLE support_window (tenant INTEGER NOT NULL, number INTEGER NOT NULL, account BLOB, kinds TEXT NOT NULL, opened INTEGER NOT NULL,"
      " until INTEGER NOT NULL, ran_until INTEGER NOT NULL, closed INTEGER NOT NULL, whose TEXT NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX support_window_open ON support_window (tenant, until) WHERE closed = 0;"
      "CREATE TABLE window_over (until INTEGER NOT NULL, tenant INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (until, tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX window_over_tenant ON window_over (tenant, number)" },
    { 6,
      /* Who looked at whom: a record's pseudonym, entries of the ledger that tell of reading, and in which of them a record stands. */
      "ALTER TABLE record ADD COLUMN born INTEGER NOT NULL DEFAULT 0;"
      "UPDATE record SET born = change;"
      "CREATE INDEX record_born ON record (tenant, born);"
      "CREATE TABLE looked (tenant INTEGER NOT NULL, seq INTEGER NOT NULL, who TEXT NOT NULL, PRIMARY KEY (tenant, seq)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX looked_who ON looked (tenant, who, seq);"
      "CREATE TABLE seen (tenant INTEGER NOT NULL, stretch INTEGER NOT NULL, seq INTEGER NOT NULL, which BLOB NOT NULL,"
      " PRIMARY KEY (tenant, stretch, seq)) STRICT, WITHOUT ROWID;"
      /* Bulk copies: asked for, approved, taken. `bytes` holds what was asked for and why, sealed. */
      "CREATE TABLE copy (tenant INTEGER NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, kind INTEGER NOT NULL, format INTEGER NOT NULL, who TEXT NOT NULL,"
      " account BLOB, made INTEGER NOT NULL, ran INTEGER NOT NULL, approved TEXT NOT NULL, taken INTEGER NOT NULL, taken_ran INTEGER NOT NULL, day INTEGER NOT NULL,"
      " records INTEGER NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX copy_day ON copy (tenant, day) WHERE taken > 0;"
      "CREATE INDEX copy_ran ON copy (tenant, taken_ran) WHERE taken > 0" },
    { 7,
      /* Agreements with tenants. A tenant that holds records already goes on, with one that nobody has recorded (agreement.h). */
      "CREATE TABLE agreement (tenant INTEGER NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, kind TEXT NOT NULL, signed INTEGER NOT NULL,"
      " begins INTEGER NOT NULL, until INTEGER, ended INTEGER NOT NULL, hash BLOB, whose TEXT NOT NULL, made INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "INSERT INTO agreement (tenant, number, state, kind, signed, begins, until, ended, hash, whose, made)"
      " SELECT id, 1, 1, 'not recorded', 0, 0, NULL, 0, NULL, 'sejf', CAST(strftime('%s', 'now') AS INTEGER) * 1000000 FROM tenant"
      " WHERE probe = 0 AND closed = 0 AND id IN (SELECT tenant FROM tenant_clock WHERE records > 0)" },
    { 8,
      /* What is kept although its time is over (parts: their names, or "" for the whole record), and what stays of records that are gone:
       * how many had which state, under which parent. */
      "CREATE TABLE hold (tenant INTEGER NOT NULL, number INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, fields TEXT NOT NULL, until INTEGER,"
      " made INTEGER NOT NULL, lifted INTEGER NOT NULL, whose TEXT NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX hold_record ON hold (tenant, kind, id) WHERE lifted = 0;"
      "CREATE TABLE remainder (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, scope BLOB NOT NULL, field INTEGER NOT NULL, option TEXT NOT NULL,"
      " value INTEGER NOT NULL, PRIMARY KEY (tenant, kind, scope, field, option)) STRICT, WITHOUT ROWID" },
    { 9,
      /* Letters that leave by mail, sealed; letter_next says which is next, of all tenants. */
      "CREATE TABLE letter (tenant INTEGER NOT NULL, id BLOB NOT NULL, cause TEXT NOT NULL, about INTEGER NOT NULL, state INTEGER NOT NULL, made INTEGER NOT NULL,"
      " tries INTEGER NOT NULL, tried INTEGER NOT NULL, status INTEGER NOT NULL, said TEXT NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL,"
      " until INTEGER NOT NULL, whom BLOB NOT NULL, answers INTEGER NOT NULL, heard INTEGER NOT NULL, PRIMARY KEY (tenant, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX letter_about ON letter (tenant, cause, about);"
      "CREATE TABLE letter_next (next INTEGER NOT NULL, tenant INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (tenant, next, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX letter_next_time ON letter_next (next);"
      "CREATE INDEX letter_next_id ON letter_next (tenant, id)" },
    { 10,
      /* Notices before erasure: one for each tenant, day and role, and which one told of which due date of a record; how far each tenant
       * was looked at. notice_open names those that are not over, of all tenants. */
      "CREATE TABLE notice (tenant INTEGER NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, role TEXT NOT NULL, day INTEGER NOT NULL, made INTEGER NOT NULL,"
      " attempted INTEGER NOT NULL, records INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, counts TEXT NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE UNIQUE INDEX notice_making ON notice (tenant, state) WHERE state = 0;"
      "CREATE TABLE noticed (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, due INTEGER NOT NULL, notice INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, kind, id, due)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX noticed_notice ON noticed (tenant, notice);"
      "CREATE TABLE notice_open (tenant INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE notice_mark (tenant INTEGER NOT NULL PRIMARY KEY, change INTEGER NOT NULL, ran INTEGER NOT NULL, charter BLOB NOT NULL) STRICT, WITHOUT ROWID" },
    { 11,
      /* What was destroyed, until a certificate tells of it; certificates; archives that lie on the server to be fetched. */
      "CREATE TABLE destruction (tenant INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, cause TEXT NOT NULL, whose TEXT NOT NULL,"
      " counts TEXT NOT NULL, keys BLOB NOT NULL, certificate INTEGER NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX destruction_open ON destruction (tenant, number) WHERE certificate = 0;"
      "CREATE TABLE certificate (tenant INTEGER NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, text TEXT NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE pack (tenant INTEGER NOT NULL, number INTEGER NOT NULL, purpose TEXT NOT NULL, state INTEGER NOT NULL, about INTEGER NOT NULL, made INTEGER NOT NULL,"
      " until INTEGER NOT NULL, size INTEGER NOT NULL, file BLOB NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE pack_key (tenant INTEGER NOT NULL, key INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tenant, key, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX pack_key_number ON pack_key (tenant, number);"
      "CREATE TABLE closing (tenant INTEGER NOT NULL PRIMARY KEY, state INTEGER NOT NULL, asked INTEGER NOT NULL, goes INTEGER NOT NULL, whose TEXT NOT NULL,"
      " pack INTEGER NOT NULL) STRICT, WITHOUT ROWID" },
    { 12,
      /* Every charter that a service ran on, and uses of data already held that wait for a new consent. */
      "CREATE TABLE charter_version (service TEXT NOT NULL, number INTEGER NOT NULL, hash BLOB NOT NULL, updated TEXT NOT NULL, announced INTEGER NOT NULL,"
      " begins INTEGER NOT NULL, since INTEGER NOT NULL, charter TEXT NOT NULL, changes TEXT NOT NULL, PRIMARY KEY (service, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE use_lock (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, what TEXT NOT NULL, version INTEGER NOT NULL, born INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, kind, what)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE use_given (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, what TEXT NOT NULL, at INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, kind, id, what)) STRICT, WITHOUT ROWID" },
    { 13,
      /* What people asked for under their rights; request_clock says which deadline is next, of all tenants. */
      "CREATE TABLE request (tenant INTEGER NOT NULL, number INTEGER NOT NULL, service TEXT NOT NULL, type INTEGER NOT NULL, state INTEGER NOT NULL, way INTEGER NOT NULL,"
      " received INTEGER NOT NULL, due INTEGER NOT NULL, law INTEGER NOT NULL, extended INTEGER NOT NULL, identified INTEGER NOT NULL, ended INTEGER NOT NULL,"
      " warned INTEGER NOT NULL, steps INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB, link BLOB, link_until INTEGER NOT NULL, link_for INTEGER NOT NULL,"
      " key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX request_link ON request (tenant, link) WHERE link IS NOT NULL;"
      "CREATE INDEX request_record ON request (tenant, kind, id) WHERE id IS NOT NULL;"
      "CREATE TABLE request_step (tenant INTEGER NOT NULL, number INTEGER NOT NULL, step INTEGER NOT NULL, at INTEGER NOT NULL, what INTEGER NOT NULL, whose TEXT NOT NULL,"
      " PRIMARY KEY (tenant, number, step)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE request_clock (next INTEGER NOT NULL, tenant INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (next, tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX request_clock_number ON request_clock (tenant, number)" },
    { 14,
      /* Consents with what was read when they were given; objections to a purpose; restrictions with what follows them. */
      "CREATE TABLE consent_text (service TEXT NOT NULL, hash BLOB NOT NULL, lang TEXT NOT NULL, version TEXT NOT NULL, text TEXT NOT NULL, since INTEGER NOT NULL,"
      " PRIMARY KEY (service, hash)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE consent (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, state INTEGER NOT NULL,"
      " at INTEGER NOT NULL, until INTEGER, text BLOB, way TEXT NOT NULL, whose TEXT NOT NULL, PRIMARY KEY (tenant, kind, id, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE objection (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, purpose TEXT NOT NULL, at INTEGER NOT NULL, whose TEXT NOT NULL,"
      " PRIMARY KEY (tenant, kind, id, purpose)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE objector (tenant INTEGER NOT NULL, purpose TEXT NOT NULL, token BLOB NOT NULL, generation INTEGER NOT NULL, at INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, purpose, token)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE restriction (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, request INTEGER NOT NULL, at INTEGER NOT NULL, told INTEGER NOT NULL,"
      " lifts INTEGER, whose TEXT NOT NULL, PRIMARY KEY (tenant, kind, id)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX record_marked ON record (tenant, kind, id) WHERE restricted > 0" },
    { 15,
      /* Letters that are messages to the person of a record (letter.h). */
      "ALTER TABLE letter ADD COLUMN channel INTEGER NOT NULL DEFAULT 0; ALTER TABLE letter ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE letter ADD COLUMN record BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';"
      "ALTER TABLE letter ADD COLUMN scope BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';"
      "ALTER TABLE letter ADD COLUMN template INTEGER NOT NULL DEFAULT 0; ALTER TABLE letter ADD COLUMN purpose TEXT NOT NULL DEFAULT '';"
      "ALTER TABLE letter ADD COLUMN doubts INTEGER NOT NULL DEFAULT 0; ALTER TABLE letter ADD COLUMN gate INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE letter ADD COLUMN cost INTEGER NOT NULL DEFAULT 0; ALTER TABLE letter ADD COLUMN receipt TEXT NOT NULL DEFAULT ''; ALTER TABLE letter ADD COLUMN begins INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE letter ADD COLUMN verdict INTEGER NOT NULL DEFAULT 0; ALTER TABLE letter ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE letter ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;"
      "ALTER TABLE letter_next ADD COLUMN channel INTEGER NOT NULL DEFAULT 0; ALTER TABLE letter_next ADD COLUMN many INTEGER NOT NULL DEFAULT 0; DROP INDEX letter_next_time; CREATE INDEX letter_next_time ON letter_next (channel, next);"
      "CREATE INDEX letter_next_channel ON letter_next (tenant, channel, many, next, id);"
      "CREATE INDEX letter_record ON letter (tenant, kind, record) WHERE kind > 0;"
      "CREATE INDEX letter_receipt ON letter (tenant, receipt) WHERE receipt <> '';"
      "CREATE INDEX letter_open ON letter (tenant, id, until) WHERE kind > 0 AND state < 2;"
      "CREATE INDEX letter_ended ON letter (tenant, state, id) WHERE kind > 0 AND state NOT IN (0, 1, 2);"
      "CREATE INDEX letter_duty ON letter (tenant, until) WHERE kind = 0 AND length(bytes) > 0" },
    { 16,
      /* Which messages count for a person (a keyed hash of its address) on a day, and how many each gate refused and put off. That a record came by an import is
       * a mark that nobody looks for. */
      "CREATE TABLE sent_day (tenant INTEGER NOT NULL, day INTEGER NOT NULL, channel INTEGER NOT NULL, who BLOB NOT NULL, letter BLOB NOT NULL,"
      " PRIMARY KEY (tenant, day, channel, who, letter)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX sent_day_letter ON sent_day (tenant, letter);"
      "CREATE TABLE gate_count (tenant INTEGER NOT NULL, day INTEGER NOT NULL, channel INTEGER NOT NULL, gate INTEGER NOT NULL, count INTEGER NOT NULL,"
      " put_off INTEGER NOT NULL, PRIMARY KEY (tenant, day, channel, gate)) STRICT, WITHOUT ROWID;"
      "DROP INDEX record_marked;"
      "CREATE INDEX record_marked ON record (tenant, kind, id) WHERE (restricted & 7) > 0" },
    { 17,
      /* Texts of messages, by name and version; sealed. */
      "CREATE TABLE template (tenant INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, made INTEGER NOT NULL, whose TEXT NOT NULL,"
      " ended INTEGER NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX template_name ON template (tenant, name, version)" },
    { 18,
      /* Whom nothing is sent to (a keyed hash; list: what the person left, or "" for all), to whom a letter went, so that what is heard of it later finds
       * the person though the record is gone or corrected, what came of messages day by day, and pauses of sending: round counts those before. */
      "CREATE TABLE suppressed (tenant INTEGER NOT NULL, channel INTEGER NOT NULL, who BLOB NOT NULL, list TEXT NOT NULL, reason INTEGER NOT NULL, since INTEGER NOT NULL,"
      " until INTEGER NOT NULL, whose TEXT NOT NULL, PRIMARY KEY (tenant, channel, who, list, reason)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX suppressed_since ON suppressed (tenant, since);"
      "CREATE TABLE letter_who (tenant INTEGER NOT NULL, letter BLOB NOT NULL, channel INTEGER NOT NULL, who BLOB NOT NULL, at INTEGER NOT NULL, heard INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, letter)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX letter_who_soft ON letter_who (tenant, channel, who, at) WHERE heard <> 0;"
      "CREATE TABLE heard_day (tenant INTEGER NOT NULL, channel INTEGER NOT NULL, day INTEGER NOT NULL, round INTEGER NOT NULL, sent INTEGER NOT NULL, bounced INTEGER NOT NULL,"
      " complained INTEGER NOT NULL, PRIMARY KEY (tenant, channel, day, round)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE sending_pause (tenant INTEGER NOT NULL, channel INTEGER NOT NULL, round INTEGER NOT NULL, since INTEGER NOT NULL, why TEXT NOT NULL, told INTEGER NOT NULL,"
      " ended INTEGER NOT NULL, whose TEXT NOT NULL, PRIMARY KEY (tenant, channel, round)) STRICT, WITHOUT ROWID" },
    { 19,
      /* Further country codes of a tenant, and what text messages cost it on a day, in millionths. */
      "CREATE TABLE sms_exception (tenant INTEGER NOT NULL, number INTEGER NOT NULL, prefix TEXT NOT NULL, made INTEGER NOT NULL, until INTEGER NOT NULL, ended INTEGER NOT NULL,"
      " whose TEXT NOT NULL, why TEXT NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE sms_taken (tenant INTEGER NOT NULL, letter BLOB NOT NULL, day INTEGER NOT NULL, cost INTEGER NOT NULL, exception INTEGER NOT NULL, PRIMARY KEY (tenant, letter)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE sms_spend (tenant INTEGER NOT NULL, day INTEGER NOT NULL, spent INTEGER NOT NULL, warned INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, day)) STRICT, WITHOUT ROWID" },
    { 20,
      /* Who was reminded of which instant. */
      "CREATE TABLE reminded (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, anchor INTEGER NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, kind, id, anchor)) STRICT, WITHOUT ROWID" },
    { 21,
      /* Who is told of changes, how far each was told, and each telling; webhook_next leads to those that are to be tried, of all tenants. */
      "CREATE TABLE webhook (tenant INTEGER NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, made INTEGER NOT NULL, reached INTEGER NOT NULL, tries INTEGER NOT NULL, failed INTEGER NOT NULL,"
      " key INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE webhook_delivery (tenant INTEGER NOT NULL, webhook INTEGER NOT NULL, change INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, what INTEGER NOT NULL,"
      " delivery BLOB NOT NULL, state INTEGER NOT NULL, tries INTEGER NOT NULL, tried INTEGER NOT NULL, status INTEGER NOT NULL, said TEXT NOT NULL,"
      " PRIMARY KEY (tenant, webhook, change)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX webhook_delivery_name ON webhook_delivery (tenant, webhook, delivery);"
      "CREATE INDEX webhook_delivery_failed ON webhook_delivery (tenant, webhook, change) WHERE state = 0;"
      "CREATE INDEX webhook_delivery_tried ON webhook_delivery (tenant, webhook, tried);"
      "CREATE TABLE webhook_next (tenant INTEGER NOT NULL, webhook INTEGER NOT NULL, next INTEGER NOT NULL, reached INTEGER NOT NULL, PRIMARY KEY (tenant, webhook)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE webhook_last (tenant INTEGER NOT NULL PRIMARY KEY, number INTEGER NOT NULL) STRICT, WITHOUT ROWID" },
    { 22,
      /* One text to many: those whom a search finds, in the order of their ids; why some were refused; which have work to be done, of all tenants. */
      "CREATE TABLE campaign (tenant INTEGER NOT NULL, number INTEGER NOT NULL, state INTEGER NOT NULL, walked INTEGER NOT NULL, act INTEGER NOT NULL, channel INTEGER NOT NULL,"
      " kind INTEGER NOT NULL, scope BLOB NOT NULL, template INTEGER NOT NULL, purpose TEXT NOT NULL, made INTEGER NOT NULL, begins INTEGER NOT NULL, ended INTEGER NOT NULL,"
      " whose TEXT NOT NULL, born INTEGER NOT NULL, reached BLOB NOT NULL, walk BLOB NOT NULL, found INTEGER NOT NULL, queued INTEGER NOT NULL, sent INTEGER NOT NULL,"
      " bounced INTEGER NOT NULL, over INTEGER NOT NULL, unknown INTEGER NOT NULL, digest BLOB NOT NULL, key INTEGER NOT NULL, bytes BLOB NOT NULL,"
      " PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE campaign_gate (tenant INTEGER NOT NULL, number INTEGER NOT NULL, gate INTEGER NOT NULL, count INTEGER NOT NULL,"
      " PRIMARY KEY (tenant, number, gate)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE campaign_open (tenant INTEGER NOT NULL, number INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (tenant, number)) STRICT, WITHOUT ROWID;"
      "CREATE INDEX campaign_open_next ON campaign_open (next)" },
};

/* doc holds what a record is found by, so that a change can take the old entries away without a second index. */
static const struct migration index_steps[] = {
    { 1,
      "CREATE TABLE doc (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, id BLOB NOT NULL, generation INTEGER NOT NULL, tokens BLOB NOT NULL,"
      " sorted BLOB NOT NULL, PRIMARY KEY (tenant, kind, id)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE found (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, token BLOB NOT NULL, id BLOB NOT NULL,"
      " PRIMARY KEY (tenant, kind, token, id)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE sorted (tenant INTEGER NOT NULL, kind INTEGER NOT NULL, field INTEGER NOT NULL, value ANY NOT NULL, id BLOB NOT NULL,"
      " PRIMARY KEY (tenant, kind, field, value, id)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE reached (tenant INTEGER NOT NULL PRIMARY KEY, change INTEGER NOT NULL) STRICT, WITHOUT ROWID" },
    { 2,
      /* Changes (since, upto] erased many records: what these were found by is taken away later (gone.h). */
      "CREATE TABLE gone (tenant INTEGER NOT NULL, upto INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (tenant, upto)) STRICT, WITHOUT ROWID" },
};

enum code schema_records(struct db *db, struct err *reterr) {
    return db_migrate(db, records_steps, ARRAY_LEN(records_steps), reterr);
}

enum code schema_index(struct db *db, struct err *reterr) {
    return db_migrate(db, index_steps, ARRAY_LEN(index_steps), reterr);
}
