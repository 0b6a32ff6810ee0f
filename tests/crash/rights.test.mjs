// kill -9 while consents are withdrawn, requests of people are entered and decided, and an account closes. What was answered stands; what was not is
// done as a whole or not at all: a withdrawal with what rests on it and its line on record, a decision with the erasure that it is about.
import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { Instance, sleep, until } from '../e2e/lib.mjs';
import { anew, members } from './lib.mjs';

const sejf = new Instance({ charters: ['bookings', 'events'] });
const clinic = {}, host = {}, victims = [['server'], ['keeper'], ['server', 'keeper'], ['parent'], ['keeper', 'server'], ['server']];
let service, staff, event, serial = 0;
const say = (who, method, target, body, timeout = 20000) => sejf.call(method, target, { token: who.token, body, timeout });
// What a call without an answer did is not known: undefined.
async function ask(...args) {
  try {
    const r = await say(...args);
    if (r.status < 500) return r;
  } catch { /* cut */ }
  await sleep(20);
  return undefined;
}
const must = async (status, ...args) => {
  const r = await say(...args);
  assert.equal(r.status, status, r.text);
  return r.json;
};

before(async () => {
  await sejf.start();
  for (const [who, name, role] of [[clinic, 'bookings', 'business'], [host, 'events', 'organiser']]) {
    who.tenant = sejf.tenant(name);
    who.token = sejf.token(name, who.tenant, role);
  }
  service = (await must(201, clinic, 'POST', '/v1/bookings/service', { fields: { title: 'Masaż', minutes: 60 } })).id;
  staff = (await must(201, clinic, 'POST', '/v1/bookings/staff', { fields: { name: 'Jan Wolny', email: 'jan@staff.example' } })).id;
  event = (await must(201, host, 'POST', '/v1/events/event', { fields: { title: 'Morze', starts: '2030-03-01T17:00:00Z', ends: '2030-03-01T20:00:00Z' } })).id;
}, { timeout: 120000 });
after(() => sejf.remove());

// A visit whose note needs a consent, and a subscription that rests on one.
const visits = [], people = [];
async function withdraws() {
  const n = serial++, starts = Date.parse('2030-01-01T00:00:00Z') + n * 7200e3, instant = (t) => new Date(t).toISOString();
  const made = await ask(clinic, 'POST', '/v1/bookings/visit', { fields: { service, staff, starts: instant(starts), ends: instant(starts + 3600e3), name: 'Ewa Nowak', phone: '+48600100200', note: `note ${n}` }, consents: { health: true } });
  if (!made) return;
  assert.equal(made.status, 201, made.text);
  const one = { id: made.json.id, n, gone: [false] };
  visits.push(one);
  const r = await ask(clinic, 'PATCH', `/v1/bookings/visit/${one.id}`, { consents: { health: false } });
  one.gone = r ? [true] : [true, false];
  if (r) assert.equal(r.status, 200, r.text);
}
async function requests() {
  const n = serial++, email = `anna.${n}@people.example`, at = `/v1/tenants/${host.tenant}/requests`;
  const made = await ask(host, 'POST', '/v1/events/registration', { fields: { event, name: 'Anna Lis', email } });
  if (!made) return;
  assert.equal(made.status, 201, made.text);
  const one = { id: made.json.id, email, number: null, decided: [false] };
  people.push(one);
  const r = await ask(host, 'POST', at, { type: 'erasure', way: 'paper', name: 'Anna Lis', email, text: 'Proszę usunąć.', language: 'pl' });
  if (!r) return;
  assert.equal(r.status, 201, r.text);
  one.number = r.json.number;
  const known = await ask(host, 'POST', `${at}/${one.number}/identity`, { by: 'person', how: 'Showed an identity card.', name: 'Jan Wolny' });
  if (!known) return;
  assert.equal(known.status, 200, known.text);
  one.decided = [false, true];
  const decided = await ask(host, 'POST', `${at}/${one.number}/decide`, { note: 'Done.' });
  if (!decided) return;
  assert.equal(decided.status, 200, decided.text);
  one.decided = [true];
}

async function check(what) {
  for (const v of visits.splice(0)) {
    const r = await must(200, clinic, 'GET', `/v1/bookings/visit/${v.id}`), gone = !r.fields.note;
    assert.ok(v.gone.includes(gone), `${what}: the consent of ${v.id} is ${gone ? 'withdrawn' : 'there'}`);
    assert.equal(r.consents.health, !gone, what);
    if (!gone) assert.equal(r.fields.note, `note ${v.n}`);
    const said = (await must(200, clinic, 'GET', `/v1/tenants/${clinic.tenant}/consents?record=visit/${v.id}`)).items.map((s) => s.state);
    assert.deepEqual(said, gone ? ['given', 'withdrawn'] : ['given'], what);
  }
  for (const p of people.splice(0)) {
    const status = (await say(host, 'GET', `/v1/events/registration/${p.id}`)).status;
    assert.ok(status === 200 || status === 410, `${what}: ${status}`);
    const hits = (await must(200, host, 'POST', '/v1/events/registration/search', { where: { email: p.email } })).items.length;
    assert.equal(hits, status === 200 ? 1 : 0, what);
    assert.ok(p.decided.includes(status === 410), `${what}: erased: ${status === 410}`);
    if (p.number === null) continue;
    const at = `/v1/tenants/${host.tenant}/requests/${p.number}`, r = await must(200, host, 'GET', at);
    if (p.decided.length === 1) assert.equal(r.state === 'decided', p.decided[0], `${what}: ${r.state}`);
    if (r.state === 'decided') { assert.equal(status, 410, what); continue; }
    if (r.state !== 'collected') continue;
    const again = await say(host, 'POST', `${at}/decide`, { note: 'Done.' });    // the cut one is taken up again, and ends
    assert.equal(again.status, 200, `${what}: ${again.text}`);
    assert.equal((await say(host, 'GET', `/v1/events/registration/${p.id}`)).status, 410, what);
  }
}

async function strike(which, what) {
  const now = members(sejf);
  for (const w of which) process.kill(w === 'parent' ? sejf.child.pid : now[w], 'SIGKILL');
  if (which.includes('parent')) await anew(sejf, now, what);
  await until(`${what}: the service to answer again`, async () => (await sejf.call('GET', '/readyz', { timeout: 5000 })).status === 200, 60000, 20);
}

test('consents and requests are whole whatever is killed', { timeout: 600000 }, async (t) => {
  let done = 0, cut = 0;
  for (const [round, which] of victims.entries()) {
    const what = `round ${round}, ${which}`;
    let stop = false;
    const hands = [withdraws, requests, withdraws, requests].map(async (fn) => { while (!stop) await fn(); });
    await sleep(150 + Math.random() * 350);
    await strike(which, what);
    stop = true;
    await Promise.all(hands);
    done += visits.length + people.length;
    cut += visits.filter((v) => v.gone.length > 1).length + people.filter((p) => p.decided.length > 1).length;
    await check(what);
  }
  t.diagnostic(`${done} seen, ${cut} cut in their last step`);
  const v = await sejf.runAsync(['ledger', 'verify']);
  assert.equal(v.status, 0, v.stdout + v.stderr);
});

test('an account that closes goes on after each kill, and once', { timeout: 300000 }, async () => {
  const chain = async () => (await sejf.runAsync(['ledger', 'show', '--chain', String(clinic.tenant)])).stdout.split('\n');
  const r = await sejf.runAsync(['tenant', 'close', 'bookings', String(clinic.tenant), '--now']);
  assert.equal(r.status, 0, r.stderr);
  await strike(['server'], 'the closing begins');           // with a start the turn comes at once
  for (const wait of [0, 60, 200]) {
    await sleep(wait);
    await strike(['server'], `the closing, ${wait} ms`);
  }
  await until('the tenant to be gone', async () => (await chain()).some((l) => l.includes('"tenant_closed"')), 90000, 300);
  const told = await chain();
  for (const verb of ['closing_began', 'tenant_closed']) assert.equal(told.filter((l) => l.includes(`"${verb}"`)).length, 1, verb);
  assert.equal((await say(clinic, 'GET', '/v1/bookings/visit')).status, 401);
  assert.equal((await say(host, 'GET', `/v1/events/event/${event}`)).status, 200, 'others are there');
  assert.equal((await sejf.runAsync(['ledger', 'verify'])).status, 0);
});
