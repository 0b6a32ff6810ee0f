// Nothing that has a notice goes before somebody was told: without a relay, and with one that cannot be reached, what is due stays, and the promise says why; with one, each who is
// told gets one letter that lists what goes and when, and then it goes. A bounce is shown and tried again, and keeps nothing.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, person, until } from './lib.mjs';
import { Visitor, invited } from './people.mjs';
import { Sink } from './sink.mjs';

const WAIT = 120000, DAY = 86400e3;
let sejf, sink, tenant, owner, ewa, soon, soonGuest, overGuest;
const V1 = '/v1/events';
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();
const make = async (kind, fields) => {
  const r = await sejf.call('POST', `${V1}/${kind}`, { token: owner, body: { fields } });
  assert.equal(r.status, 201, r.text);
  return r.json.id;
};
const status = async (id) => (await sejf.call('GET', `${V1}/registration/${id}`, { token: owner })).status;
const notices = async () => (await sejf.call('GET', `/v1/tenants/${tenant}/notices`, { token: owner })).json.items;
const run = () => {
  const r = sejf.run(['notice', 'run', '--tenant', String(tenant), '--json']);
  assert.equal(r.status, 0, r.stderr);
  return JSON.parse(r.stdout).made;
};

before(async () => {
  sink = await Sink.start();
  sejf = await new Instance({ charters: ['events'] }).start();
  tenant = sejf.tenant('events', 'Seaside');
  owner = sejf.token('events', tenant, 'organiser');
  ewa = new Visitor(sejf);
  await ewa.accept(invited(sejf, ['user', 'invite', 'events', '--tenant', String(tenant), '--role', 'organiser', '--name', 'Ewa Nowak', '--lang', 'pl', '--email', '-'], 'ewa@organiser.example').link);
}, { timeout: 120000 });
after(async () => { if (sejf) await sejf.remove(); if (sink) await sink.stop(); });

test('without a relay the notice waits, and what is due stays', { timeout: 240000 }, async () => {
  soon = await make('event', { title: 'Warsztaty', starts: ago(172), ends: ago(171) });
  soonGuest = await make('registration', { event: soon, ...person(1) });
  const over = await make('event', { title: 'Bal', starts: ago(182), ends: ago(181) });
  overGuest = await make('registration', { event: over, ...person(2) });
  run();
  const list = await until('everything to be told of', async () => { const l = await notices(); return l.reduce((n, i) => n + i.records, 0) === 2 && l; }, WAIT);
  for (const n of list) {
    assert.equal(n.state, 'waiting');
    assert.equal(n.attempted, null);
    assert.equal(n.role, 'organiser');
    assert.equal(n.letters.length, 1);
  }
  assert.equal(run(), 0, 'nothing is told of twice');
  assert.equal(await status(overGuest), 200);
  const proved = sejf.run(['prove', 'events', '--rule', 'erasure_notice']);
  assert.match(proved.stdout + proved.stderr, /no mail relay/);
});

test('a relay that nobody is behind is as none: no try at it is an attempt to tell', { timeout: 300000 }, async () => {
  await sejf.stop();
  sink.install(sejf);
  await sink.close();
  await sejf.start();
  const list = await until('tries of each letter', async () => { const l = await notices(); return l.every((n) => n.letters.every((x) => x.tries > 0)) && l; }, WAIT);
  for (const n of list) {
    assert.equal(n.state, 'waiting');
    assert.equal(n.attempted, null);
    assert.ok(n.letters.every((l) => l.answered === null && /nobody answers there/.test(l.said)), JSON.stringify(n.letters));
  }
  const proved = await sejf.runAsync(['prove', 'events', '--rule', 'erasure_notice']);
  assert.match(proved.stdout + proved.stderr, /the mail relay takes no letter \([^)]*nobody answers there\)/);
  assert.equal(await status(overGuest), 200);
});

test('with one that answers the letter goes out, and then what is due goes', { timeout: 300000 }, async () => {
  await sink.listen();
  await until('letters', () => sink.letters.length > 0, WAIT);
  const text = sink.letters.map((l) => l.read().text).join('\n');
  for (const l of sink.letters) {
    assert.deepEqual(l.to, ['ewa@organiser.example']);
    assert.match(l.read().subject, /^Zapowiedź usunięcia danych: /);
  }
  await until('both events in letters', () => /Wydarzenie: Bal/.test(sink.letters.map((l) => l.read().text).join()) && /Wydarzenie: Warsztaty/.test(sink.letters.map((l) => l.read().text).join()), WAIT);
  assert.doesNotMatch(text, /Zawilska|people\.example/);
  assert.match(text, /art\. 5 ust\. 1 lit\. e RODO/);
  assert.match(text, new RegExp(`/account/due/${tenant}\\?lang=pl`));
  await until('the overdue one to go', async () => [404, 410].includes(await status(overGuest)), WAIT);
  const stayed = await sejf.call('GET', `/v1/tenants/${tenant}/remainders?kind=registration`, { token: owner });
  assert.equal(stayed.json.items.length, 1, stayed.text);
  assert.equal(stayed.json.items[0].field, 'status');
  assert.deepEqual(Object.values(stayed.json.items[0].counts), [1]);
  const said = sejf.run(['due', 'events', '--tenant', String(tenant), '--stayed']);
  assert.equal(said.status, 0, said.stderr);
  assert.match(said.stdout, new RegExp(`stayed .*registration .*status: 1 \\w+ {2}of ${stayed.json.items[0].parent}`));
  assert.equal(await status(soonGuest), 200);
  const list = await until('the notices to be delivered', async () => { const l = await notices(); return l.every((n) => n.state === 'delivered' || n.state === 'over') && l; }, WAIT);
  assert.ok(list.every((n) => n.attempted));
  const ledger = sejf.run(['ledger', 'export']).stdout;
  assert.match(ledger, /notice_made/);
  assert.match(ledger, /notice_tried/);
  const r = await sejf.call('GET', '/metrics', { headers: {} });
  if (r.status === 200) assert.match(r.text, /sejf_notices_waiting 0/);
});

test('a bounce is shown, keeps nothing, and is tried again on demand', { timeout: 300000 }, async () => {
  sink.on.rcpt = () => ({ code: 550, text: '5.1.1 nobody of that name' });
  const guest = await make('registration', { event: soon, ...person(3) });
  run();
  const n = await until('the bounce', async () => (await notices()).find((i) => i.state === 'bounced'), WAIT);
  assert.equal(n.letters[0].status, 550);
  assert.doesNotMatch(JSON.stringify(n), /ewa@organiser/);
  const page = await ewa.call('GET', `/account/due/${tenant}?lang=en`);
  assert.equal(page.status, 200, page.text);
  assert.match(page.text, /A letter came back/);
  assert.match(page.text, /Event: Warsztaty/);
  sink.on.rcpt = undefined;
  const again = await sejf.call('POST', `/v1/tenants/${tenant}/notices/${n.number}/again`, { token: owner, body: {} });
  assert.equal(again.status, 200, again.text);
  await until('the delivery', async () => (await notices()).find((i) => i.number === n.number).state === 'delivered', WAIT);
  const more = await sejf.call('POST', `/v1/tenants/${tenant}/notices/${n.number}/again`, { token: owner, body: {} });
  assert.equal(more.status, 409);
  // Erased by the page, with its box ticked and not without.
  const token = /name="\.token" value="([^"]+)"/.exec(page.text)[1];
  const form = (fields) => ewa.sejf.call('POST', `/account/due/${tenant}/erase?lang=en`, { body: new URLSearchParams({ '.token': token, notice: String(n.number), ...fields }).toString(),
    type: 'application/x-www-form-urlencoded', headers: { cookie: `__Host-sejf=${ewa.cookie}`, origin: sejf.url } });
  const refused = await form({});
  assert.equal(refused.status, 422, refused.text);
  assert.equal(await status(guest), 200);
  const erased = await form({ sure: 'yes' });
  assert.equal(erased.status, 200, erased.text);
  assert.match(erased.text, /Erased: 1\./);
  assert.ok([404, 410].includes(await status(guest)));
});

test('it is the tenant\'s own', { timeout: 60000 }, async () => {
  const door = sejf.token('events', tenant, 'door'), other = sejf.tenant('events', 'Mountains'), stranger = sejf.token('events', other, 'organiser');
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/notices`, { token: door })).status, 403);
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/notices/1`, { token: stranger })).status, 404);
  assert.equal((await sejf.call('GET', `/v1/tenants/${tenant}/notices/999`, { token: owner })).status, 404);
  assert.equal((await ewa.call('GET', `/account/due/${other}`)).status, 404);
});
