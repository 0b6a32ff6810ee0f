// Bulk copies: a right of their own everywhere; where the charter limits them, on request only, and a list that is walked page by page is a copy, too.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until, today } from './lib.mjs';
import { Visitor, invited } from './people.mjs';

let sejf, tenant, owner, staff, seaside, organiser, door;
const V1 = '/v1/bookings';
const people = (from, count) => Array.from({ length: count }, (_, i) => JSON.stringify({ fields: { name: `Anna Zawilska ${from + i}`, email: `anna.${from + i}@people.example` } })).join('\n');
const copies = (path, token, body) => sejf.call(body === undefined ? 'GET' : 'POST', `/v1/tenants/${tenant}/copies${path}`, { token, body });
const out = (token, body = {}) => sejf.call('POST', `${V1}/staff/export`, { token, body });

before(async () => {
  sejf = await new Instance({ charters: ['bookings', 'events'] }).start();
  tenant = sejf.tenant('bookings', 'Mint Clinic');
  owner = sejf.token('bookings', tenant, 'business');
  staff = sejf.token('bookings', tenant, 'staff');
  seaside = sejf.tenant('events', 'Seaside');
  organiser = sejf.token('events', seaside, 'organiser');
  door = sejf.token('events', seaside, 'door');
  const r = await sejf.call('POST', `${V1}/staff/import`, { token: owner, body: `${people(0, 1100)}\n`, type: 'application/x-ndjson' });
  assert.match(r.text, /"made":1100/, r.text.slice(-500));
}, { timeout: 180000 });
after(() => sejf && sejf.remove());

test('without a line about copies the owner exports, and others only by a token that names the verb', async () => {
  const day = today();
  const event = await sejf.call('POST', '/v1/events/event', { token: organiser, body: { fields: { title: 'Ball', starts: `${day}T12:00:00Z`, ends: `${day}T22:00:00Z` } } });
  await sejf.call('POST', '/v1/events/registration', { token: organiser, body: { fields: { event: event.json.id, name: 'Ewa Test', email: 'ewa@people.example' } } });
  const take = (token) => sejf.call('POST', '/v1/events/registration/export', { token, body: {} });
  assert.equal((await take(organiser)).text.trim().split('\n').length, 1);
  const refused = await take(door);
  assert.equal(refused.status, 403);
  assert.match(refused.json.detail, /right of its own/);
  const named = sejf.token('events', seaside, 'door', '--scope', '{"verbs": ["read", "export"]}'), other = sejf.token('events', seaside, 'door', '--scope', '{"kinds": ["registration"]}');
  assert.equal((await take(named)).status, 200);
  assert.equal((await take(other)).status, 403);
  const none = await sejf.call('POST', `/v1/tenants/${seaside}/copies`, { token: organiser, body: { kind: 'registration', why: 'to see' } });
  assert.equal(none.status, 409, 'nothing has to be asked for there');
});

test('where the charter limits copies, none leaves without a request and two people', async () => {
  const plain = await out(owner);
  assert.equal(plain.status, 403);
  assert.match(plain.json.detail, /on request only: POST \/v1\/tenants\/\d+\/copies/);
  assert.equal((await out(staff)).status, 403);
  assert.equal((await copies('', staff, { kind: 'staff', why: 'to see' })).status, 403);
  for (const body of [{}, { kind: 'nothing', why: 'x' }, { kind: 'staff' }, { kind: 'staff', why: '' }, { kind: 'staff', why: 'x', format: 'xml' }, { kind: 'staff', why: 'x', more: 1 }, { kind: 'staff', why: 'x', query: 7 }])
    assert.equal((await copies('', owner, body)).status, 400, JSON.stringify(body));
  const asked = await copies('', owner, { kind: 'staff', format: 'csv', query: { where: { email: 'anna.7@people.example' } }, why: 'another system' });
  assert.equal(asked.status, 201, asked.text);
  assert.equal(asked.json.state, 'asked');
  assert.equal(asked.json.people, 2);
  assert.equal(asked.json.why, 'another system');
  const n = asked.json.number;
  assert.equal((await out(owner, { copy: n })).status, 409, 'it is not approved');
  assert.equal((await out(owner, { copy: n, where: {} })).status, 400, 'what was approved is what leaves');
  assert.equal((await out(owner, { copy: n + 1 })).status, 404);
  assert.equal((await copies(`/${n}/approve`, owner, {})).status, 403, 'nobody\'s token is no second person');
  assert.equal((await copies(`/${n}/approve`, staff, {})).status, 403);
  const list = (await copies('', owner)).json;
  assert.deepEqual([list.items.length, list.items[0].number, list.items[0].query.where.email], [1, n, 'anna.7@people.example']);
  assert.equal((await copies('', staff)).status, 403);
  assert.equal((await copies('', organiser)).status, 401, 'a token of another service');
});

test('an approved copy leaves once, with its mark', { timeout: 120000 }, async () => {
  const r = await sejf.runAsync(['prove', 'bookings', '--json', '--rule', 'copies_limited']);
  const found = JSON.parse(r.stdout).rules.find((x) => x.rule === 'copies_limited');
  assert.ok(found.kept, found.detail);
  assert.match(found.detail, /bears its mark/);
});

test('a list that is walked is a copy, and a restart does not begin the day anew', { timeout: 180000 }, async () => {
  let cursor = null, seen = 0, last;
  const page = (query) => sejf.call('GET', `${V1}/staff?${query}`, { token: owner });
  for (let i = 0; i < 12; i++) {
    last = await page(`limit=100${cursor ? `&cursor=${cursor}` : ''}`);
    if (last.status !== 200) break;
    seen += last.json.items.length;
    cursor = last.json.next;
  }
  assert.equal(last.status, 429, last.text.slice(0, 300));
  assert.equal(seen, 1000);
  assert.match(last.json.detail, /POST \/v1\/tenants\/\d+\/copies/);
  assert.equal((await page('limit=100')).status, 200, 'the same ones again cost nothing');
  const beyond = await sejf.call('POST', `${V1}/staff/search`, { token: owner, body: { where: { email: 'anna.1099@people.example' } } });
  assert.equal(beyond.status, 429, 'a search is a way around no more');
  assert.equal((await sejf.call('GET', `${V1}/staff?limit=100`, { token: staff })).status, 200, 'somebody else has a count of their own');
  const made = await sejf.call('POST', `${V1}/staff`, { token: owner, body: { fields: { name: 'Jan Nowy', email: 'jan.nowy@people.example' } } });
  assert.equal((await sejf.call('GET', `${V1}/staff/${made.json.id}`, { token: owner })).status, 200, 'one that changed today is daily work');
  await sejf.stop();
  await sejf.start();
  assert.equal((await page(`limit=100&cursor=${cursor}`)).status, 429);
  assert.equal((await page('limit=100')).status, 200);
});

test('two people stand behind a copy, and the tenant sees who read', { timeout: 180000 }, async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sejf-charter-')), charter = path.join(folder, 'events.yaml');
  fs.writeFileSync(charter, `${fs.readFileSync(path.join(root, 'charters', 'events.yaml'), 'utf8').trimEnd()}\ncopies: at most 1 a day, approved by two people, watermarked\n`);
  const own = new Instance({ charters: [charter] });
  try {
    await own.start();
    const made = JSON.parse(own.run(['tenant', 'new', 'events', 'Fair', '--agreement', '2020-01-02', '--owner', '-', '--json'], { input: 'anna@people.example\n' }).stdout);
    const anna = new Visitor(own), jan = new Visitor(own), tenant = made.tenant, at = `/v1/tenants/${tenant}`;
    await anna.accept(made.link, { name: 'Anna Próbna' });
    const { link } = invited(own, ['user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--name', 'Jan Próbny'], 'jan@people.example');
    await jan.accept(link);
    const event = await anna.must(201, 'POST', '/v1/events/event', { body: { fields: { title: 'Ball', starts: '2027-03-01T12:00:00Z', ends: '2027-03-01T22:00:00Z' } } });
    for (let i = 0; i < 3; i++) await anna.must(201, 'POST', '/v1/events/registration', { body: { fields: { event: event.id, name: `Guest ${i}`, email: `guest.${i}@guests.example` } } });
    const ask = () => anna.must(201, 'POST', `${at}/copies`, { body: { kind: 'registration', format: 'csv', why: 'badges' } });
    const [first, second] = [await ask(), await ask()];
    const take = (visitor, number) => visitor.call('POST', '/v1/events/registration/export', { body: { copy: number } });
    assert.equal((await anna.call('POST', `${at}/copies/${first.number}/approve`, { body: {} })).status, 403, 'never oneself');
    assert.equal((await take(anna, first.number)).status, 409);
    for (const c of [first, second]) assert.equal((await jan.must(200, 'POST', `${at}/copies/${c.number}/approve`, { body: {} })).state, 'ready');
    assert.equal((await take(jan, first.number)).status, 403, 'by whoever asked');
    const file = await take(anna, first.number);
    assert.equal(file.status, 200, file.text);
    const mark = JSON.parse(file.headers['sejf-copy']).copy, lines = file.text.trim().split('\r\n');
    assert.deepEqual([mark.number, mark.tenant, mark.who, mark.approved], [first.number, tenant, `account ${anna.id}`, [jan.id]]);
    assert.equal(lines.length, 5, 'a header, three rows and the mark');
    assert.ok(lines[4].startsWith('"{""copy"":{'));
    assert.equal((await take(anna, first.number)).status, 410, 'once');
    assert.equal((await take(anna, second.number)).status, 429, 'one a day');
    const list = await jan.must(200, 'GET', `${at}/copies`);
    assert.deepEqual(list.items.map((c) => [c.state, c.records]), [['ready', 0], ['taken', 3]]);
    await jan.must(200, 'GET', '/v1/events/registration');
    const item = await until('the read of Jan', async () => (await anna.must(200, 'GET', `${at}/reads?who=account/${jan.id}`)).items.find((i) => i.how === 'list'), 60000);
    assert.deepEqual([item.name, item.role, item.count], ['Jan Próbny', 'organiser', 3]);
    const ledger = own.run(['ledger', 'export']).stdout;
    for (const step of ['copy_asked', 'copy_approved', 'copy_taken', 'copy_given', 'records_exported']) assert.ok(ledger.includes(`"do":"${step}"`), step);
    assert.ok(!ledger.includes('badges') && !ledger.includes('Próbn'));
  } finally {
    await own.remove();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
