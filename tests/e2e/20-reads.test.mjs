// Who looked at whom: the tenant lists the reads of its data by record and by who read, the person sees them on its own page, and an erasure cuts them off.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, person, until, today } from './lib.mjs';

let sejf, tenant, other, owner, door, stranger, event, guests = [];
const V1 = '/v1/events';
const reads = (query = '', token = owner, whose = tenant) => sejf.call('GET', `/v1/tenants/${whose}/reads${query}`, { token });
const have = (query, fn) => until(`the reads ${query}`, async () => { const r = await reads(query); assert.equal(r.status, 200, r.text); return fn(r.json.items) && r.json.items; }, 60000);

before(async () => {
  sejf = await new Instance({ charters: ['events'] }).start();
  tenant = sejf.tenant('events', 'Seaside');
  other = sejf.tenant('events', 'Mountains');
  owner = sejf.token('events', tenant, 'organiser');
  door = sejf.token('events', tenant, 'door');
  stranger = sejf.token('events', other, 'organiser');
  const day = today();
  const made = await sejf.call('POST', `${V1}/event`, { token: owner, body: { fields: { title: 'Ball', starts: `${day}T12:00:00Z`, ends: `${day}T22:00:00Z` } } });
  assert.equal(made.status, 201, made.text);
  event = made.json.id;
  const rows = Array.from({ length: 1200 }, (_, i) => JSON.stringify({ fields: { event, ...person(i) } })).join('\n');
  const r = await sejf.call('POST', `${V1}/registration/import`, { token: owner, body: `${rows}\n`, type: 'application/x-ndjson' });
  assert.match(r.text, /"made":1200/);
}, { timeout: 180000 });
after(() => sejf && sejf.remove());

test('every record of a long list is named', { timeout: 120000 }, async () => {
  const page = await sejf.call('GET', `${V1}/registration?limit=1000`, { token: owner });
  assert.equal(page.json.items.length, 1000);
  guests = page.json.items.map((i) => i.id);
  const items = await have('', (list) => list.some((i) => i.count === 1000));
  const item = items.find((i) => i.count === 1000);
  assert.equal(item.kind, 'registration');
  assert.equal(item.role, 'organiser');
  assert.equal(item.how, 'list');
  assert.match(item.who, /^token \d+$/);
  assert.ok(item.purpose && item.fields.includes('email'));
  const all = await sejf.call('GET', `/v1/tenants/${tenant}/reads/${item.number}`, { token: owner });
  assert.deepEqual([...all.json.records].sort(), [...guests].sort());
});

test('a read is found by its record and by who read', { timeout: 120000 }, async () => {
  const one = guests[700], two = guests[701];
  assert.equal((await sejf.call('GET', `${V1}/registration/${one}`, { token: door })).status, 200);
  const found = await have(`?record=registration/${one}`, (list) => list.some((i) => i.role === 'door'));
  assert.equal(found.find((i) => i.role === 'door').count, 1);
  const neighbour = await have(`?record=registration/${two}`, (list) => list.length > 0);
  assert.ok(!neighbour.some((i) => i.role === 'door'), 'the neighbour was not read');
  const who = found.find((i) => i.role === 'door').who.replace(' ', '/');
  const own = await have(`?who=${who}`, (list) => list.length > 0);
  assert.ok(own.every((i) => i.role === 'door'));
  assert.equal((await reads(`?since=${new Date(Date.now() + 3600e3).toISOString()}`)).json.items.length, 0);
  const first = (await reads('?limit=1')).json, next = (await reads(`?limit=1&cursor=${first.next}`)).json;
  assert.ok(first.items[0].number > next.items[0].number);
});

test('searches and exports leave theirs', { timeout: 120000 }, async () => {
  await sejf.call('POST', `${V1}/registration/search`, { token: owner, body: { where: { email: person(5).email } } });
  await have('', (list) => list.some((i) => i.how === 'search' && i.count === 1));
  const file = await sejf.call('POST', `${V1}/registration/export`, { token: owner, body: {} });
  assert.equal(file.text.trim().split('\n').length, 1200);
  const seen = async () => (await reads('?limit=1000')).json.items.filter((i) => i.how === 'export').reduce((n, i) => n + i.count, 0);
  await until('all records of the export', async () => (await seen()) === 1200, 60000);
});

test('nobody else sees the list', async () => {
  assert.equal((await reads('', door)).status, 403);
  assert.equal((await reads('', stranger)).status, 404);
  assert.equal((await reads('', stranger, 999)).status, 404);
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/reads`)).status, 401);
  assert.equal((await reads('?record=registration/1')).status, 400);
  assert.equal((await reads('?who=anna')).status, 400);
  assert.equal((await reads('?since=yesterday')).status, 400);
  assert.equal((await reads('?nonsense=1')).status, 400);
  assert.equal((await reads(`?record=registration/${event}`)).status, 404);
});

test('the person sees who looked, and an erasure cuts it off', { timeout: 120000 }, async () => {
  let page = await sejf.call('GET', `/f/events/register/${event}?lang=en`);
  const cookie = (page.headers['set-cookie'] || []).map((c) => c.split(';')[0]).join('; ');
  const link = await until('the form to be taken', async () => {      // a form that comes faster than a person types is shown again
    const hidden = Object.fromEntries([...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    page = await sejf.call('POST', `/f/events/register/${event}?lang=en`, {
      body: new URLSearchParams({ ...hidden, name: 'Ewa Test', email: 'ewa.test@people.example' }).toString(), type: 'application/x-www-form-urlencoded', headers: { cookie },
    });
    return page.text.match(/\/p\/events\/[A-Za-z0-9_-]+/);
  }, 60000, 4000);
  const own = (await sejf.call('GET', `${link[0]}/data.json`)).json.records.registration[0].id;
  assert.equal((await sejf.call('GET', `${V1}/registration/${own}`, { token: owner })).status, 200);
  await have(`?record=registration/${own}`, (list) => list.some((i) => i.role === 'organiser') && list.some((i) => i.who.startsWith('link ')));
  const told = (await sejf.call('GET', `${link[0]}/data.json`)).json.who_looked[0];
  assert.equal(told.id, own);
  assert.ok(told.reads.some((r) => r.role === 'organiser' && !r.link && r.times === 1));
  assert.ok(!JSON.stringify(told).includes('token'), 'roles, not tokens or names');
  for (const [lang, words] of [['en', 'Who looked at this'], ['pl', 'Kto to oglądał'], ['hu', 'Ki nézte meg']]) {
    const page = await sejf.call('GET', `${link[0]}?lang=${lang}`);
    assert.ok(page.text.includes(words), lang);
    assert.ok(page.text.includes('(Seaside)'), 'the organisation is named');
  }
  const entry = (await reads(`?record=registration/${own}`)).json.items.find((i) => i.role === 'organiser' && i.count === 1);
  assert.equal((await sejf.call('DELETE', `${V1}/registration/${own}`, { token: owner })).status, 200);
  const cut = (await sejf.call('GET', `/v1/tenants/${tenant}/reads/${entry.number}`, { token: owner })).json;
  assert.deepEqual([cut.records.length, cut.erased], [0, 1]);
  assert.equal((await reads(`?record=registration/${own}`)).status, 404);
});

test('a stop loses no trace', { timeout: 120000 }, async () => {
  const one = guests[900];
  assert.equal((await sejf.call('GET', `${V1}/registration/${one}`, { token: door })).status, 200);
  await sejf.stop();
  await sejf.start();
  await have(`?record=registration/${one}`, (list) => list.some((i) => i.role === 'door'));
  const verified = sejf.run(['ledger', 'verify']);
  assert.equal(verified.status, 0, verified.stderr + verified.stdout);
});
