// People at work, as the issue shows it: everything is given by the command line and by links, and what somebody reaches begins and
// ends by itself: levels, visits, the day of an event, a window, a suspension.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, until } from './lib.mjs';
import { PASSWORD, Visitor, invited, totp } from './people.mjs';

const sejf = new Instance({ charters: ['events', 'machines'] });
const who = {};                               // visitors by name
let events, other, machines;
const DAY = 86400e3;
const iso = (ms) => new Date(ms).toISOString();
// Within a second everywhere, says the promise; a busy machine gets a minute.
const out = (what, fn) => until(what, fn, 60000, 100);

async function member(name, tenant, service, role, ...more) {
  const { account, link } = invited(sejf, ['user', 'invite', service, '--tenant', String(tenant), '--role', role, '--name', `${name} Próbny`, ...more], `${name}@people.example`);
  assert.match(link, /^https:\/\/localhost:\d+\/account\/link\//);
  who[name] = new Visitor(sejf);
  await who[name].accept(link);
  assert.equal(who[name].id, account);
  return who[name];
}
const make = async (visitor, service, kind, fields) => (await visitor.must(201, 'POST', `/v1/${service}/${kind}`, { body: { fields } })).id;
const status = async (visitor, path, options) => (await visitor.call('GET', path, options)).status;
const cli = (...args) => { const r = sejf.run(args); assert.equal(r.status, 0, r.stderr + r.stdout); return r.stdout; };
const lines = (text) => text.trim().split('\n').filter(Boolean).map((l) => JSON.parse(l));

before(async () => {
  await sejf.start();
  const owned = (service, name, email) => {
    const r = sejf.run(['tenant', 'new', service, name, '--agreement', '2020-01-02', '--owner', '-', '--json'], { input: `${email}\n` });
    assert.equal(r.status, 0, r.stderr);
    return JSON.parse(r.stdout);
  };
  const a = owned('events', 'Fundacja Kłos', 'halina@people.example'), b = owned('events', 'Klub Żagle', 'zygmunt@people.example');
  const m = owned('machines', 'Biuro Kawy', 'celina@people.example');
  [events, other, machines] = [a.tenant, b.tenant, m.tenant];
  for (const [name, made] of [['halina', a], ['zygmunt', b], ['celina', m]]) {
    who[name] = new Visitor(sejf);
    const me = await who[name].accept(made.link, { name: `${name} Próbna` });
    assert.equal(me.second.totp, true, 'an owner has a second step');
  }
});
after(() => sejf.remove());

test('the first account of the operator comes from the command line, its link works once', async () => {
  const { link } = invited(sejf, ['user', 'new', '--operator'], 'ada@people.example');
  who.ada = new Visitor(sejf);
  await who.ada.accept(link, { name: 'Ada Próbna' });
  const again = await new Visitor(sejf).call('POST', '/v1/account/link/accept', { body: { link: Visitor.secret(link), password: PASSWORD } });
  assert.equal(again.status, 404, again.text);
  const tenants = await who.ada.must(200, 'GET', '/v1/tenants');
  assert.ok(tenants.items.some((t) => t.tenant === events));
  assert.ok(lines(cli('user', 'list', '--json')).some((u) => u.email === 'ada@people.example' && u.role === 'administrator'));
});

test('neither links nor addresses stand in the log, nor addresses in the data', () => {
  const log = fs.readFileSync(`${sejf.data}/log/sejf.log`, 'utf8');
  assert.ok(!log.includes('people.example') && !log.includes('sejl_'), 'the log holds an address or a link');
});

test('an organiser over one event sees that one only', async () => {
  const [one, two] = [await make(who.halina, 'events', 'event', { title: 'One', starts: iso(Date.now() + 9 * DAY), ends: iso(Date.now() + 10 * DAY) }),
    await make(who.halina, 'events', 'event', { title: 'Two', starts: iso(Date.now() + 9 * DAY), ends: iso(Date.now() + 10 * DAY) })];
  const guest = (event, name) => make(who.halina, 'events', 'registration', { event, name, email: `${name.toLowerCase()}@guests.example` });
  const [mine, theirs] = [await guest(one, 'Lena'), await guest(two, 'Marek')];
  const o = await member('olga', events, 'events', 'organiser', '--level', 'all=none', '--level', `event/${one}=write`);
  assert.equal(await status(o, `/v1/events/event/${one}`), 200);
  assert.equal(await status(o, `/v1/events/registration/${mine}`), 200);
  assert.equal(await status(o, `/v1/events/event/${two}`), 404);
  assert.equal(await status(o, `/v1/events/registration/${theirs}`), 404);
  assert.deepEqual((await o.must(200, 'GET', '/v1/events/event')).items.map((e) => e.id), [one]);
  cli('role', 'give', 'events', o.id, '--tenant', String(events), '--level', 'all=none', '--level', `event/${one}=read`);
  await out('the lower level to count', async () => {
    const r = await o.call('PATCH', `/v1/events/event/${one}`, { body: { fields: { place: 'Hall' } } });
    if (r.status !== 422) throw new Error(`${r.status} ${r.text}`);
    return true;
  });
  assert.equal(await status(o, `/v1/events/event/${one}`), 200, 'it still reads');
});

test('the door sees guests on the day of their event, and not before', async () => {
  const now = Date.now();
  const today = await make(who.halina, 'events', 'event', { title: 'Today', starts: iso(now), ends: iso(now + 3600e3) });
  const later = await make(who.halina, 'events', 'event', { title: 'Later', starts: iso(now + 40 * DAY), ends: iso(now + 41 * DAY) });
  const guest = (event) => make(who.halina, 'events', 'registration', { event, name: 'Ewa', email: 'ewa@guests.example' });
  const [here, there] = [await guest(today), await guest(later)];
  const d = await member('darek', events, 'events', 'door');
  const seen = await d.must(200, 'GET', `/v1/events/registration/${here}`);
  assert.deepEqual(Object.keys(seen.fields).filter((f) => f !== 'event').sort(), ['name', 'status']);
  assert.equal(await status(d, `/v1/events/registration/${there}`), 404);
});

test('a technician reaches a machine while a visit is open, and its technical fields only', async () => {
  const site = await make(who.celina, 'machines', 'site', { title: 'Site', town: 'Gdynia' });
  const machine = await make(who.celina, 'machines', 'machine', { serial: 'KX-1', model: 'K9', source: 'customer', site, cups: 7, temperature: 91, firmware: '4.2' });
  const self = await make(who.celina, 'machines', 'technician', { name: 'Tomasz Klucz', phone: '+48699000111' });
  const t = await member('tomasz', machines, 'machines', 'technician', '--self', `technician/${self}`);
  const path = `/v1/machines/machine/${machine}`;
  assert.equal(await status(t, path), 404, 'no visit');
  const visit = await make(who.celina, 'machines', 'visit', { machine, technician: self, starts: iso(Date.now()) });
  const seen = await t.must(200, 'GET', path);
  assert.equal(seen.fields.firmware, '4.2');
  assert.ok(!('cups' in seen.fields) && !('site' in seen.fields), `only what is technical: ${Object.keys(seen.fields)}`);
  await t.must(200, 'PATCH', `/v1/machines/visit/${visit}`, { body: { fields: { state: 'done' } } });
  assert.equal(await status(t, path), 404, 'the visit is over');
});

test('support reads nothing personal until the tenant opens a window, and the tenant sees what was read', async () => {
  const { link } = invited(sejf, ['user', 'new', '--operator', '--role', 'support'], 'sam@people.example');
  const s = who.sam = new Visitor(sejf);
  await s.accept(link, { name: 'Sam Próbny', passkey: true });
  const event = await make(who.halina, 'events', 'event', { title: 'Window', starts: iso(Date.now() + DAY), ends: iso(Date.now() + 2 * DAY) });
  const guest = await make(who.halina, 'events', 'registration', { event, name: 'Nina', email: 'nina@guests.example' });
  const path = `/v1/events/registration/${guest}`;
  const fields = async () => { const r = await s.call('GET', path, { tenant: events }); return r.status === 200 ? Object.keys(r.json.fields) : []; };
  assert.ok(!(await fields()).includes('name'));
  const [opened] = lines(cli('window', 'open', '--tenant', String(events), '--for', '2 hours', '--why', 'a guest cannot sign up', '--kind', 'registration', '--json'));
  await out('the window to count', async () => (await fields()).includes('name'));
  const reads = await out('the read to be listed', () => lines(cli('window', 'reads', '--tenant', String(events), String(opened.window), '--json')).filter((r) => JSON.stringify(r).includes(guest)).length > 0);
  assert.ok(reads);
  const listed = await who.halina.must(200, 'GET', `/v1/tenants/${events}/reads?record=registration/${guest}`);
  assert.ok(listed.items.some((i) => i.window === opened.window && i.role === 'support'), JSON.stringify(listed));
  cli('window', 'close', '--tenant', String(events), String(opened.window));
  await out('the window to be closed', async () => !(await fields()).includes('name'));
});

test('who is suspended or removed is out within a second, and their steps stand in the history', async () => {
  const w = await member('waclaw', events, 'events', 'door');
  const inside = async () => (await status(w, '/v1/events/registration')) === 200;
  assert.ok(await inside());
  cli('user', 'suspend', w.id, '--tenant', String(events));
  await out('the suspension to count', async () => !(await inside()));
  cli('user', 'resume', w.id, '--tenant', String(events));
  await out('the suspension to be lifted', async () => { if (await inside()) return true; await w.call('POST', '/v1/account/sign-in', { body: { email: 'waclaw@people.example', password: PASSWORD } }); return false; });
  cli('user', 'remove', w.id, '--tenant', String(events));
  await out('the removal to count', async () => !(await inside()));
  const gone = await new Visitor(sejf).call('POST', '/v1/account/sign-in', { body: { email: 'waclaw@people.example', password: PASSWORD } });
  assert.equal(gone.status, 401, gone.text);
  const steps = lines(cli('user', 'history', '--tenant', String(events), '--json')).filter((s) => s.account === w.id);
  assert.ok(steps.length >= 5, JSON.stringify(steps));
});

test('ending the sessions of an account from the command line ends them everywhere', async () => {
  const l = await member('lidia', events, 'events', 'door');
  assert.equal(lines(cli('user', 'sessions', l.id, '--json')).length, 1);
  cli('user', 'sessions', l.id, '--end');
  await out('the session to end', async () => (await l.call('GET', '/v1/account')).status === 401);
});

test('the last owner can neither remove nor suspend themself nor give up the role', async () => {
  const z = who.zygmunt;
  await z.confirm();
  const path = `/v1/tenants/${other}/members/${z.id}`;
  for (const [method, target, body] of [['DELETE', path], ['POST', `${path}/suspend`, {}], ['PATCH', path, { role: 'door' }]]) {
    const r = await z.call(method, target, { body });
    assert.equal(r.status, 409, `${method} ${target}: ${r.text}`);
  }
  assert.notEqual(sejf.run(['user', 'remove', z.id, '--tenant', String(other)]).status, 0);
  assert.equal(await status(z, '/v1/events/event'), 200);
});

test('one person belongs to two tenants and to the operator’s staff, with one sign-in', async () => {
  const h = who.halina;
  for (const args of [['user', 'invite', 'events', '--tenant', String(other), '--role', 'door'], ['user', 'new', '--operator', '--role', 'administrator']]) {
    const { account, link } = invited(sejf, args, 'halina@people.example');
    assert.equal(account, h.id, 'the account that she has');
    await h.must(200, 'POST', '/v1/account/link/join', { body: { link: Visitor.secret(link) } });
  }
  const me = await h.must(200, 'GET', '/v1/account');
  assert.deepEqual(me.memberships.map((m) => m.tenant).sort((a, b) => a - b), [0, events, other].sort((a, b) => a - b));
  assert.equal(await status(h, '/v1/events/event'), 400, 'several tenants: one must be named');
  assert.equal(await status(h, '/v1/events/event', { tenant: events }), 200);
  assert.equal(await status(h, '/v1/events/event', { tenant: machines }), 404);
  assert.equal(lines(cli('user', 'show', h.id, '--json'))[0].members.length, 3);
});

test('a reset ends every session and keeps the second step', async () => {
  const { link } = JSON.parse(cli('user', 'reset', who.olga.id, '--json'));
  const back = new Visitor(sejf), fresh = 'Dziewiec granatowych latawcow 47';
  const me = await back.must(200, 'POST', '/v1/account/link/accept', { body: { link: Visitor.secret(link), password: fresh } });
  assert.equal(me.step, 'second');
  await out('the old session to end', async () => (await who.olga.call('GET', '/v1/account')).status === 401);
  await until('a code that was not used', async () => (await back.call('POST', '/v1/account/second', { body: { code: totp(who.olga.secret, 1) } })).json?.step === 'whole', 60000, 1000);
});

test('words of a command line that name a person are wiped, and bad ones refused with how to mend them', () => {
  for (const [args, words] of [[['user', 'new'], /--operator/], [['user', 'invite', 'events', '--tenant', String(events)], /role list events/],
    [['user', 'invite', 'events', '--tenant', String(events), '--role', 'nobody', '--email', 'x@people.example'], /nobody|role/],
    [['user', 'invite', 'events', '--tenant', String(events), '--role', 'door', '--level', 'event'], /none, read or write/]]) {
    const r = sejf.run(args, { input: '' });
    assert.notEqual(r.status, 0, args.join(' '));
    assert.match(r.stderr, words);
  }
});

test('the invented staff of the demo comes in by its links, authorised where the charter asks for it', { timeout: 240000 }, async () => {
  const demo = await new Instance({ charters: ['bookings', 'courier'] }).start();
  try {
    const r = await demo.runAsync(['demo', 'load', '--from', path.join(root, 'demo'), '--links']);
    assert.equal(r.status, 0, r.stderr);
    for (const [service, role, kind] of [['bookings', 'business', 'visit'], ['courier', 'courier', 'parcel']]) {
      const line = r.stdout.split('\n').find((l) => l.trim().startsWith(service) && l.includes(` ${role} `));
      assert.ok(line, r.stdout);
      const v = new Visitor(demo);
      await v.accept(line.trim().split(/\s+/).at(-1));
      const list = await v.must(200, 'GET', `/v1/${service}/${kind}?limit=1000`);
      assert.ok(list.items.length > 0, `${role} reaches records of ${kind}`);
    }
  } finally {
    await demo.remove();
  }
});
