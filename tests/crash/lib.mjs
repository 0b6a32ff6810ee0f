// lib.mjs — what the crash tests share: a small charter with every way of finding, and with files; the processes of an
// instance by name; and a crowd of writers that knows what was acknowledged, what was not, and what may be found afterwards.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sleep, until } from '../e2e/lib.mjs';

export const sha = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

export function papersCharter() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charter-'));
  fs.writeFileSync(path.join(dir, 'papers.yaml'), `charter: papers
title: {en: Papers}
updated: 2026-11-22
clock: Europe/Warsaw
speaks: [en]
operator:
  name: Papers, Gdynia
  contact: privacy@papers.example
  authority: UODO
people:
  owner: who keeps papers here
  signer: who signed a paper
tenant: owner
records:
  paper:
    we_are: processor for the owner
    about: signer
    because: contract with the owner
    used_for: [keeping papers]
    belongs_to: owner
    holds:
      title: text, found by word
      signed: time, sorted
      mail: personal email, found exactly
      note: personal text, optional
      scan: file, optional
    keep: 180 days after signed, then erase
who_sees:
  owner: everything of own paper
`);
  return dir;
}

// Every process below a pid, with the words of its command line.
export function below(pid) {
  const all = [];
  for (const n of fs.readdirSync('/proc').filter((d) => /^\d+$/.test(d))) {
    try {
      const stat = fs.readFileSync(`/proc/${n}/stat`, 'utf8');
      const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (rest[0] === 'Z') continue;
      all.push({ pid: Number(n), parent: Number(rest[1]), words: fs.readFileSync(`/proc/${n}/cmdline`, 'utf8').split('\0') });
    } catch { /* it went away */ }
  }
  const found = [];
  for (let from = [pid]; from.length > 0;) {
    const next = all.filter((p) => from.includes(p.parent));
    found.push(...next);
    from = next.map((p) => p.pid);
  }
  return found;
}

// {keeper, server, nginx, workers: [...]} of an instance.
export function members(sejf) {
  const list = below(sejf.child.pid), is = (p, word) => p.words.includes(word);
  return {
    keeper: list.find((p) => is(p, 'keeper'))?.pid,
    server: list.find((p) => is(p, 'server'))?.pid,
    nginx: list.find((p) => p.words[0].startsWith('nginx: master'))?.pid,
    workers: list.filter((p) => p.words[0].startsWith('nginx: worker')).map((p) => p.pid),
  };
}

export function runs(pid) {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return !'ZX'.includes(stat[stat.lastIndexOf(')') + 2]);
  } catch { return false; }
}

// A parent that was killed is started anew when what it left behind has ended too, as systemd does.
export async function anew(sejf, left, what) {
  await until(`${what}: the parent and its processes to end`, () => sejf.exited && ![left.server, left.keeper, left.nginx].some((p) => p && runs(p)), 60000, 10);
  await sejf.start();
}

export function upload(sejf, token, id, bytes, timeout = 30000) {
  const boundary = '----sejf-crash-boundary';
  const body = Buffer.concat([Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; name="file"; filename="scan.bin"\r\ncontent-type: application/octet-stream\r\n\r\n`), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return sejf.call('POST', `/v1/papers/paper/${id}/scan`, { token, body, type: `multipart/form-data; boundary=${boundary}`, timeout });
}

export const paper = (i, more = {}) => ({ title: `Deed ${i}`, signed: '2026-11-01T10:00:00Z', mail: `signer.${i}@people.example`, note: `note 0 of ${i}`, ...more });

// Writers, each with records of its own. A record knows the values that may be found: one when all was acknowledged, more after
// a call without an answer; such a record is left alone from then on. 4xx answers changed nothing.
export class Crowd {
  constructor(sejf, token, size = 8) {
    Object.assign(this, { sejf, token, size, serial: 0, records: [], lost: [], counts: { made: 0, changed: 0, erased: 0, files: 0, cut: 0 } });
    this.hands = Array.from({ length: size }, () => []);
  }

  start() {
    this.stopping = false;
    this.running = this.hands.map((own) => this.work(own));
  }

  async stop() {
    this.stopping = true;
    await Promise.all(this.running);
  }

  // Answers the reply, or undefined when it is not known what became of the call.
  async ask(method, target, options) {
    try {
      const r = await this.sejf.call(method, target, { token: this.token, timeout: 30000, ...options });
      if (r.status < 500) return r;
    } catch { /* cut */ }
    this.counts.cut++;
    return undefined;
  }

  async work(own) {
    while (!this.stopping) {
      const dice = Math.random(), live = own.filter((r) => !r.left);
      const one = live[Math.floor(Math.random() * live.length)];
      const cut = this.counts.cut;
      if (!one || dice < 0.45) await this.make(own);
      else if (dice < 0.75) await this.change(one);
      else if (dice < 0.88) await this.erase(one);
      else await this.file(one);
      if (this.counts.cut > cut) await sleep(20);
    }
  }

  async make(own) {
    const i = this.serial++;
    const key = `storm-${process.pid}-${i}`, body = { fields: paper(i) };
    const r = await this.ask('POST', '/v1/papers/paper', { body, headers: { 'idempotency-key': key } });
    if (!r) { this.lost.push({ key, body }); return; }
    assert.equal(r.status, 201, r.text);
    this.counts.made++;
    const one = { id: r.json.id, mail: body.fields.mail, serial: i, turn: 0, tag: r.headers.etag, notes: [body.fields.note], scans: [undefined], gone: [false], left: false };
    this.records.push(one);
    own.push(one);
  }

  async change(one) {
    const note = `note ${++one.turn} of ${one.serial}`;
    const r = await this.ask('PATCH', `/v1/papers/paper/${one.id}`, { body: { fields: { note } }, headers: { 'if-match': one.tag } });
    if (!r) { one.notes.push(note); one.left = true; return; }
    assert.equal(r.status, 200, r.text);
    this.counts.changed++;
    one.notes = [note];
    one.tag = r.headers.etag;
  }

  async erase(one) {
    one.left = true;
    const r = await this.ask('DELETE', `/v1/papers/paper/${one.id}`, {});
    if (!r) { one.gone = [false, true]; return; }
    assert.ok(r.status < 300, r.text);
    this.counts.erased++;
    one.gone = [true];
  }

  async file(one) {
    const bytes = crypto.randomBytes(1000 + Math.floor(Math.random() * 150000)), sum = sha(bytes);
    let r;
    try { r = await upload(this.sejf, this.token, one.id, bytes); } catch { /* cut */ }
    if (!r || r.status >= 500) { this.counts.cut++; one.scans.push(sum); one.left = true; return; }
    assert.ok(r.status < 300, r.text);
    this.counts.files++;
    one.scans = [sum];
    const now = await this.ask('GET', `/v1/papers/paper/${one.id}`, {});
    if (!now) { one.left = true; return; }
    assert.equal(now.status, 200, now.text);
    one.tag = now.headers.etag;
  }

  // Is this record as it may be?
  async check(one, when) {
    const r = await this.sejf.call('GET', `/v1/papers/paper/${one.id}`, { token: this.token });
    const gone = r.status === 404 || r.status === 410;
    assert.ok(gone || r.status === 200, `${when}: ${r.status} ${r.text}`);
    assert.ok(one.gone.includes(gone), `${when}: ${gone ? 'an acknowledged record is gone' : 'an erased record came back'}: ${one.id}`);
    if (gone) return;
    const f = r.json.fields;
    assert.equal(f.mail, one.mail, when);
    assert.ok(one.notes.includes(f.note), `${when}: ${one.id} holds ${f.note}, and may hold ${one.notes}`);
    if (one.scans.length === 1 && one.scans[0] === undefined) { assert.equal(f.scan, undefined, when); return; }
    const id = f.scan?.id;
    const bytes = id && await this.sejf.call('GET', `/v1/papers/files/${id}`, { token: this.token });
    if (bytes) assert.equal(bytes.status, 200, `${when}: ${bytes.text.slice(0, 300)}`);
    assert.ok(one.scans.includes(bytes ? sha(bytes.raw) : undefined), `${when}: the file of ${one.id} is not one that was sent`);
  }

  async checkSome(n, when) {
    for (const one of this.records.slice(-n)) await this.check(one, when);
    for (const one of this.records.filter((r) => r.gone.length === 1 && r.gone[0]).slice(-n)) await this.check(one, when);
  }

  // All of them, by id and by what they are found by; and calls without an answer, repeated with their key, make one record.
  async checkAll(when) {
    for (const one of this.records) {
      await this.check(one, when);
      const r = await this.sejf.call('POST', '/v1/papers/paper/search', { token: this.token, body: { where: { mail: one.mail } } });
      assert.equal(r.status, 200, r.text);
      const ids = r.json.items.map((i) => i.id);
      assert.ok(ids.length === 0 ? one.gone.includes(true) : one.gone.includes(false) && ids.length === 1 && ids[0] === one.id, `${when}: ${one.mail} finds ${ids.length}`);
    }
    for (const { key, body } of this.lost) {
      const r = await this.sejf.call('POST', '/v1/papers/paper', { token: this.token, body, headers: { 'idempotency-key': key } });
      assert.equal(r.status, 201, r.text);
      const found = await this.sejf.call('POST', '/v1/papers/paper/search', { token: this.token, body: { where: { mail: body.fields.mail } } });
      assert.deepEqual(found.json.items.map((i) => i.id), [r.json.id], `${when}: a repeated call made another record`);
    }
  }
}

// "median 0.41 s, p90 0.62 s, most 0.80 s of 20"
export function times(list) {
  if (list.length === 0) return 'none';
  const s = [...list].sort((a, b) => a - b), at = (q) => (s[Math.min(s.length - 1, Math.floor(q * s.length))] / 1000).toFixed(2);
  return `median ${at(0.5)} s, p90 ${at(0.9)} s, most ${at(1)} s of ${s.length}`;
}
