// Providers of text messages, whatever they answer: nobody gets a message twice, none is lost, and no number stands in an address or a log. Then reminders, as time goes on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, grep, until } from './lib.mjs';
import { Sink } from './sink.mjs';
import { Hub } from './smshub.mjs';

const library = ['/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1', '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1'].find((f) => fs.existsSync(f));
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-sms-'));
const SECRET = 'a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6', WAIT = 60000;
const charter = `charter: visits
title: {en: Visits}
updated: 2026-11-23
clock: Europe/Warsaw
speaks: [pl, en, hu]
operator:
  name: Test sp. z o.o.
  country: PL
  contact: a@test.example
  authority: UODO
people:
  client: somebody who visits
  firm: a firm
tenant: firm
records:
  visit:
    we_are: processor for the firm
    belongs_to: firm
    about: client
    because: contract with the client
    used_for: [visits]
    holds:
      starts: time, optional
      name: personal text
      phone: personal phone
      lang: one of pl | en | hu, optional
      state: one of booked | cancelled
    moves:
      booked to cancelled: firm
    remind: by sms 24 hours before starts, only phone and time in the text
    keep: 1 year after created, then erase
  lesson:
    we_are: processor for the firm
    belongs_to: firm
    about: client
    because: contract with the client
    used_for: [lessons]
    holds:
      day: date
      room: text, optional
      email: personal email
      lang: one of pl | en | hu, optional
    remind: by email 1 day before day, only room and time in the text
    keep: 1 year after created, then erase
who_sees:
  client: everything of own visit, everything of own lesson, by private link
  firm: everything of own visit, everything of own lesson
sign_in:
  firm: password of 12 characters and a second step
messages:
  email: only to client of the same firm, at most 40 a day for each person
  sms: only to client of the same firm, at most 40 a day for each person
sms:
  only_to: "+48"
  described_as: Poland
  spend: at most 50 EUR a day for each tenant
agreement: needed before any personal data
connections: TLS 1.2 or newer
backups:
  database: every 3 hours, kept 1 year
  files: every day, kept 1 year
  configuration: every day, kept 1 year
  stored: in the EEA, apart from the data
  undo: 14 days
logs: kept 30 days, masked when written
transfers: never outside the EEA
rights: answered within 1 month
breach: controller within 24 hours, authority within 72 hours
cookies: none but those needed
not_sealed: []
claims: []
`;

class House {
  static async start(kind, at) {
    const h = new House();
    const directory = fs.mkdtempSync(path.join(work, `${kind}-`)), file = path.join(directory, 'visits.yaml');
    fs.writeFileSync(file, charter);
    h.hub = await Hub.start(kind, directory, 'tok3n');
    h.sejf = new Instance({ charters: [file], env: { LD_PRELOAD: library, FAKETIME: '+0', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_NO_CACHE: '1' } });
    if (at) h.sejf.env.FAKETIME = House.ahead(at);
    await h.sejf.init();
    const secret = (name, text) => fs.writeFileSync(path.join(h.sejf.data, name), `${text}\n`, { mode: 0o600 });
    secret('sms.token', 'tok3n');
    secret('sms.receipts', SECRET);
    fs.writeFileSync(path.join(h.sejf.data, 'prices.csv'), 'prefix,price,currency\n+48,0.04,EUR\n');
    fs.copyFileSync(h.hub.ca, path.join(h.sejf.data, 'hub-ca.pem'));
    fs.appendFileSync(path.join(h.sejf.data, 'sejf.yaml'), `sms:\n  provider: ${kind}\n  address: https://localhost:${h.hub.port}\n  token: file sms.token\n  sender: Seats\n  ca: hub-ca.pem\n  private: yes\n  prices: prices.csv\n${kind === 'smsapi' ? '  receipts: file sms.receipts\n' : ''}`);
    if (kind === 'smsapi') {
      h.sink = await Sink.start({ tls: 'none' });
      fs.appendFileSync(path.join(h.sejf.data, 'sejf.yaml'), h.sink.settings());
    }
    await h.begin();
    h.tenant = h.sejf.tenant('visits', 'Firma');
    h.token = h.sejf.token('visits', h.tenant, 'firm');
    h.count = 0;
    return h;
  }

  static ahead(at) { return `+${Math.round((at - Date.now()) / 1000)}`; }

  async begin() {
    this.sejf.agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false });      // its certificate is renewed under the moved clock, which is not ours
    await this.sejf.start();
  }

  async moved(at) {
    await this.sejf.stop();
    this.sejf.env.FAKETIME = House.ahead(at);
    await this.begin();
    assert.equal((await this.sejf.runAsync(['clock', 'confirm'])).status, 0);      // by a clock that is doubted nobody is reminded
    this.token = this.sejf.token('visits', this.tenant, 'firm');
  }

  async end() {
    if (this.sejf) await this.sejf.remove();
    if (this.hub) await this.hub.stop();
    if (this.sink) await this.sink.stop();
  }

  async visit(fields = {}) {
    const phone = `+4860010${1000 + ++this.count}`;
    const r = await this.sejf.call('POST', '/v1/visits/visit', { token: this.token, body: { fields: { name: 'Jan Próbny', phone, state: 'booked', ...fields } } });
    assert.equal(r.status, 201, r.text);
    return { id: r.json.id, phone };
  }

  async message(text) {
    const v = await this.visit();
    const r = await this.sejf.call('POST', '/v1/visits/messages', { token: this.token, body: { channel: 'sms', kind: 'visit', id: v.id, text } });
    assert.equal(r.status, 202, r.text);
    return { ...v, message: r.json.id, text };
  }

  async state(m) { return (await this.sejf.call('GET', `/v1/visits/messages/${m.message}`, { token: this.token })).json; }
  settled(m, state) { return until(`${m.text} to be ${state}`, async () => (await this.state(m)).state === state, WAIT, 200); }
  taken(text) { return this.hub.taken.filter((m) => m.text === text).length; }
}

let one, two;
before(async () => {
  assert.ok(library, 'libfaketime is installed');
  [one, two] = await Promise.all([House.start('smsapi'), House.start('serwersms')]);
}, { timeout: 180000 });
after(async () => {
  await Promise.all([one && one.end(), two && two.end()]);
  fs.rmSync(work, { recursive: true, force: true });
});

test('doctor asks the provider who we are, and sends nothing', { timeout: 60000 }, async () => {
  assert.match((await one.sejf.runAsync(['doctor'])).stdout, /localhost takes text messages: credit 41\.5/);
  assert.match((await two.sejf.runAsync(['doctor'])).stdout, /localhost takes text messages: credit 250/);
  one.hub.broken = true;
  assert.match((await one.sejf.runAsync(['doctor'])).stdout, /localhost takes no text message: Authorization failed/);
  one.hub.broken = false;
  assert.equal(one.hub.taken.length + two.hub.taken.length, 0);
});

async function onceEach(name, h) {
  const good = await h.message('good one'), bad = await h.message('number is none');
  await h.settled(good, 'sent');
  await h.settled(bad, 'bounced');
  assert.equal(h.taken('good one'), 1);
  const sent = h.hub.taken[0];
  assert.match(sent.reference, /^[0-9a-f]{32}t[0-9a-f]+$/);
  assert.equal(sent.to, good.phone);
  const said = (await h.state(bad)).said;
  assert.match(said, /No correct number/);
  assert.ok(!said.includes(bad.phone.slice(3)), 'a number is kept of what it said');

  const doubtful = [];
  for (const word of ['cut', 'half', 'five', 'stall']) doubtful.push(await h.message(`${word} ${name}`));
  await until('all of them to have come', () => doubtful.every((m) => h.hub.calls.some((c) => [c.body.message, c.body.text].includes(m.text))), WAIT);
  const sender = fs.readdirSync('/proc').filter((n) => /^\d+$/.test(n)).find((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[1] === 'sender' && Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === h.sejf.child.pid;
    } catch { return false; }
  });
  process.kill(Number(sender), 'SIGKILL');                             // while one stalls
  for (const m of doubtful) await until(`${m.text} to be in doubt`, async () => (await h.state(m)).doubts === 1, WAIT, 200);
  const waits = [await h.message(`slow ${name}`), await h.message(`funds ${name}`)];
  await until('both to have been refused', () => waits.every((m) => h.hub.calls.some((c) => [c.body.message, c.body.text].includes(m.text))), WAIT);
  await h.moved(Date.now() + 40 * 60000);
  for (const m of [...doubtful, ...waits]) await h.settled(m, 'sent');
  for (const m of [...doubtful, ...waits]) assert.equal(h.taken(m.text), 1, `${m.text} came ${h.taken(m.text)} times`);
  assert.ok(h.hub.calls.every((c) => !/\d{6}/.test(c.url)), 'a number in an address');
  for (const m of [good, bad, ...doubtful]) assert.deepEqual(grep(path.join(h.sejf.data, 'log'), m.phone.slice(3)), [], 'a number in a log');
}

test('whatever a provider answers, each message arrives once', { timeout: 240000 }, () => Promise.all([onceEach('smsapi', one), onceEach('serwersms', two)]));

test('receipts: only of known forms, only with the secret, and of what is known', { timeout: 60000 }, async () => {
  const m = await one.message('receipt of this'), other = await one.message('receipt of that');
  await one.settled(m, 'sent');
  await one.settled(other, 'sent');
  const refs = [m, other].map((x) => one.hub.taken.find((t) => t.text === x.text).reference);
  const hook = (query, secret = SECRET, options = {}) => one.sejf.call(options.body ? 'POST' : 'GET', `/hook/sms/visits/${secret}${query}`, options);
  for (const secret of ['x', SECRET.slice(1), `${SECRET}0`]) assert.equal((await hook(`?idx=${refs[0]}&status=405`, secret)).status, 404);
  assert.equal((await one.sejf.call('GET', `/hook/sms/other/${SECRET}?idx=${refs[0]}&status=405`)).status, 404);
  for (const query of ['', '?idx=x&status=405', `?idx=${refs[0]}&status=403`, `?idx=${refs[0].replace(/t.*/, 'tffff')}&status=405`, `?idx=${'0'.repeat(32)}t1&status=405`, '?idx=,,,&status=405,405']) {
    const r = await hook(query);
    assert.equal(r.status, 200, query);
    assert.equal(r.text, 'OK');
  }
  assert.equal((await one.state(m)).state, 'sent');
  const r = await hook(`?MsgId=1,2&status=404,405&idx=${refs.join(',')}&to=${m.phone.slice(1)},${other.phone.slice(1)}&donedate=1,2`);
  assert.equal(r.text, 'OK');
  assert.equal((await one.state(m)).state, 'sent');
  await one.settled(other, 'bounced');
  assert.equal((await hook('', SECRET, { body: `idx=${refs[1]}&status=405`, type: 'application/x-www-form-urlencoded' })).text, 'OK');
  assert.equal((await hook('', SECRET, { body: [{ idx: refs[0], status: 'DELIVERED' }] })).text, 'OK');
  assert.deepEqual(grep(path.join(one.sejf.data, 'log'), m.phone.slice(3)), []);
  assert.deepEqual(grep(path.join(one.sejf.data, 'log'), SECRET), []);
  const stopped = await one.message('receipt of what was stopped');      // by us: held against nobody
  await one.settled(stopped, 'sent');
  assert.equal((await hook(`?idx=${one.hub.taken.find((t) => t.text === stopped.text).reference}&status=412`)).text, 'OK');
  await one.settled(stopped, 'bounced');
  assert.equal((await one.state(stopped)).verdict, 'message');
  assert.equal((await one.state(other)).verdict, 'refused');
});

test('reminders: once, at decent hours over the night of the clocks, of what was moved anew, of what was cancelled not', { timeout: 240000 }, async () => {
  const year = new Date().getUTCFullYear() + 1;
  const last = new Date(Date.UTC(year, 2, 31)), sunday = 31 - last.getUTCDay();      // the last Sunday of March: 02:00 becomes 03:00 in Warsaw
  const at = (day, hour, minute = 0) => Date.UTC(year, 2, day, hour, minute);
  const iso = (...a) => new Date(at(...a)).toISOString();
  const texts = () => one.hub.taken.map((t) => t.text).filter((t) => t.startsWith('Przypomnienie')), hungarian = () => one.hub.taken.map((t) => t.text).filter((t) => t.startsWith('Ne feledje'));
  const told = (day, hour) => `Przypomnienie: ${day}.03.${year}, godz. ${hour}`;
  await one.moved(at(sunday - 3, 10));
  const change = async (v, fields) => assert.equal((await one.sejf.call('PATCH', `/v1/visits/visit/${v.id}`, { token: one.token, body: { fields }, type: 'application/merge-patch+json', headers: { 'if-match': '*' } })).status, 200);
  const plain = await one.visit({ starts: iso(sunday - 2, 13) }), cancelled = await one.visit({ starts: iso(sunday - 2, 12) }), later = await one.visit({ starts: iso(sunday - 2, 12, 30) });
  await one.visit({ starts: iso(sunday - 3, 15) });                     // made when it was time already
  await one.visit({ starts: iso(sunday - 2, 11), lang: 'hu' });          // in the language of its person, text and time
  const lesson = async (fields) => assert.equal((await one.sejf.call('POST', '/v1/visits/lesson', { token: one.token, body: { fields: { room: 'B 12', ...fields } } })).status, 201);
  const day = iso(sunday - 2, 12).slice(0, 10), mails = () => one.sink.letters.map((l) => ({ ...l.read(), to: l.to[0] })).filter((l) => /people\.example/.test(l.to));
  await lesson({ day, email: 'ewa@people.example', lang: 'en' });        // by mail; its day begins at 8:00 of the day before, which is over
  await lesson({ day: iso(sunday - 1, 12).slice(0, 10), email: 'jan@people.example' });
  await lesson({ day: iso(sunday - 1, 12).slice(0, 10), email: 'eva@people.example', lang: 'hu' });
  await one.visit({ starts: iso(sunday, 5) });                          // 07:00 summer time: 24 hours before is night, so on the evening before that
  await change(cancelled, { state: 'cancelled' });
  await change(later, { starts: iso(sunday - 1, 12) });

  await one.moved(at(sunday - 3, 13, 5));
  await until('the first reminder', () => texts().length === 1, WAIT, 200);
  await one.moved(at(sunday - 3, 14));                                   // a restart reminds nobody again
  await until('another message to have gone', async () => { const m = await one.message('after a restart'); await one.settled(m, 'sent'); return true; }, WAIT);
  assert.deepEqual(texts(), [told(sunday - 2, '14:00')]);
  assert.deepEqual(hungarian(), [`Ne feledje: ${year}.03.${sunday - 2}. 12:00`]);
  assert.equal(one.hub.taken.find((t) => t.text === texts()[0]).to, plain.phone);

  await one.moved(at(sunday - 2, 19, 5));                                // two became due meanwhile: the one that was moved, and, at 20:00, the one of Sunday morning
  await until('both', () => texts().length === 3, WAIT, 200);
  assert.deepEqual(texts().slice(1).sort(), [told(sunday - 1, '13:00'), told(sunday, '7:00')].sort());
  await until('both letters', () => mails().length === 2, WAIT, 200);
  const [polish, magyar] = ['jan', 'eva'].map((n) => mails().find((l) => l.to === `${n}@people.example`));
  assert.equal(polish.subject, 'Przypomnienie');
  assert.match(polish.text, new RegExp(`^Przypomnienie: ${sunday - 1}\\.03\\.${year}, B 12`));
  assert.equal(magyar.subject, 'Emlékeztető');
  assert.match(magyar.text, new RegExp(`^Ne feledje: ${year}\\.03\\.${sunday - 1}\\., B 12`));
  for (const t of texts()) assert.ok(!/Próbny|visit|\d{6}/.test(t), t);

  await one.moved(at(sunday + 1, 10));                                   // what is past is not made up for
  await one.settled(await one.message('the last one'), 'sent');
  assert.equal(texts().length, 3);
  assert.equal(hungarian().length, 1);
  assert.equal(mails().length, 2);
});

test('a text of reminders that says more than the charter lets it is refused', { timeout: 60000 }, async () => {
  const put = (text, more = {}) => one.sejf.call('PUT', '/v1/visits/templates/reminder', { token: one.token, body: { kind: 'visit', values: ['when'], pl: { text }, ...more } });
  const r = await put('{{name}}: {{when}}');
  assert.equal(r.status, 422, r.text);
  assert.match(r.text, /more than a reminder may hold/);
  assert.equal((await put('{{when}} {{link}}')).status, 422);
  assert.equal((await put('Do zobaczenia: {{when}}')).status, 200);
});
