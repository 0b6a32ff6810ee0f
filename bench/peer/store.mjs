// store.mjs — the tables over node's own SQLite: WAL, synchronous FULL, every statement prepared once. Each write carries its
// audit row, chained to the one before by SHA-256. What was read is noted by the second, a row for each caller, chained too.
import crypto from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS person (id BLOB PRIMARY KEY, version INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL,
    due INTEGER NOT NULL, email BLOB NOT NULL, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS person_email ON person (email);
  CREATE INDEX IF NOT EXISTS person_due ON person (due);
  CREATE TABLE IF NOT EXISTS key (id BLOB PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY, entry TEXT NOT NULL, head BLOB NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS token (hash BLOB PRIMARY KEY, who TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

export class Store {
  // alone: no other process writes, so that the head of the chain may be remembered.
  constructor(file, alone) {
    this.alone = alone;
    this.db = new DatabaseSync(file);
    this.db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 10000; PRAGMA cache_size = -16000; PRAGMA wal_autocheckpoint = 12000; PRAGMA foreign_keys = ON');
    this.db.exec(SCHEMA);
    const p = (sql) => this.db.prepare(sql);
    this.sql = {
      begin: p('BEGIN IMMEDIATE'), commit: p('COMMIT'), rollback: p('ROLLBACK'),
      person: p('INSERT INTO person (id, version, created, updated, due, email, sealed) VALUES (?, 1, ?, ?, ?, ?, ?)'),
      key: p('INSERT INTO key (id, wrapped) VALUES (?, ?)'),
      last: p('SELECT seq, head FROM audit ORDER BY seq DESC LIMIT 1'),
      audit: p('INSERT INTO audit (seq, entry, head) VALUES (?, ?, ?)'),
      get: p('SELECT p.id, p.version, p.created, p.updated, p.due, p.sealed, k.wrapped FROM person p JOIN key k ON k.id = p.id WHERE p.id = ?'),
      find: p('SELECT p.id, p.version, p.created, p.updated, p.due, p.sealed, k.wrapped FROM person p JOIN key k ON k.id = p.id WHERE p.email = ? ORDER BY p.id LIMIT ?'),
      list: p('SELECT p.id, p.version, p.created, p.updated, p.due, p.sealed, k.wrapped FROM person p JOIN key k ON k.id = p.id WHERE p.id > ? ORDER BY p.id LIMIT ?'),
      who: p('SELECT who FROM token WHERE hash = ?'),
      token: p('INSERT OR REPLACE INTO token (hash, who) VALUES (?, ?)'),
    };
    this.head = null;
  }

  #audit(entry) {
    let last = this.alone ? this.head : null;
    if (last === null) {
      const row = this.sql.last.get();
      last = row ? { seq: row.seq, head: row.head } : { seq: 0, head: Buffer.alloc(32) };
    }
    const text = JSON.stringify(entry);
    const next = { seq: last.seq + 1, head: crypto.createHash('sha256').update(last.head).update(text).digest() };
    this.sql.audit.run(next.seq, text, next.head);
    this.head = next;
  }

  // All or nothing, durable when it returns.
  write(work) {
    const before = this.head;
    this.sql.begin.run();
    try {
      work();
      this.sql.commit.run();
    } catch (e) {
      this.head = before;
      try { this.sql.rollback.run(); } catch { /* SQLite has rolled back by itself */ }
      throw e;
    }
  }

  add(p) {
    this.sql.person.run(p.id, p.at, p.at, p.due, p.email, p.sealed);
    this.sql.key.run(p.id, p.wrapped);
    this.#audit({ at: p.at, who: p.who, verb: 'made', id: p.id.toString('hex') });
  }

  note(entry) { this.#audit(entry); }

  noteReads(entries) {
    this.write(() => { for (const e of entries) this.#audit(e); });
  }

  get(id) { return this.sql.get.get(id); }
  find(email, limit) { return this.sql.find.all(email, limit); }
  list(after, limit) { return this.sql.list.all(after, limit); }
  who(hash) { return this.sql.who.get(hash)?.who; }
  token(hash, who) { this.sql.token.run(hash, who); }
  close() { this.db.close(); }
}
