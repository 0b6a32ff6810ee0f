// make.mjs writes the demo scenes of all five services: node demo/make.mjs
// Everything is invented and made with a fixed seed, so that a second run writes the same bytes.
// E-mail addresses end in .example; telephone numbers come from ranges that Great Britain, France and
// Sweden reserve for fiction, so that none of them rings anywhere.
//
// For each service there are tenants.json (tenants, the tokens that a demo makes for them, the people whom it invites) and one
// NDJSON file for each kind, numbered in the order in which they can be loaded. A line is
//   {"tenant": key of tenants.json, "id": UUIDv7, "fields": {…}, "consents": {name: true}, where a field needs one}
// and a record names what it belongs to, or refers to, by id in its fields.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const DAY = 86400e3;
const TODAY = Date.UTC(2026, 10, 22);

// mulberry32: small, and the same everywhere.
let state = 0x5e1f;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(random() * n);
const between = (low, high) => low + below(high - low + 1);
const pick = (list) => list[below(list.length)];
const chance = (share) => random() < share;

let made = 0;
function uuid() {
  const time = (TODAY - 30 * DAY + made++ * 1000).toString(16).padStart(12, '0');
  const hex = (n) => Array.from({ length: n }, () => below(16).toString(16)).join('');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}

const PL = {
  first: ['Agnieszka', 'Bartłomiej', 'Celina', 'Dawid', 'Elżbieta', 'Franciszek', 'Grażyna', 'Hubert', 'Iwona', 'Jędrzej', 'Krystyna', 'Łukasz',
    'Małgorzata', 'Norbert', 'Oliwia', 'Paweł', 'Róża', 'Sławomir', 'Teresa', 'Urszula', 'Wojciech', 'Zofia', 'Żaneta', 'Stanisław'],
  last: ['Borsuczak', 'Cichowlas', 'Dębczyński', 'Gąsiorek', 'Jaskółka', 'Kądzielnik', 'Łabędzki', 'Mierzejka', 'Niezabudka', 'Osikowicz',
    'Pędziwiatr', 'Rzęsiński', 'Szczygiełek', 'Świetlik', 'Trzcinka', 'Wąsowski', 'Zięba', 'Źródlak', 'Żurawicki', 'Wierzbołek'],
  street: ['ul. Bzowa', 'ul. Jaśminowa', 'ul. Kręta', 'ul. Łąkowa', 'ul. Młyńska', 'ul. Źródlana', 'al. Lipowa', 'os. Słoneczne'],
  town: ['80-001 Gdańsk', '90-001 Łódź', '31-001 Kraków', '61-001 Poznań', '87-100 Toruń'],
  domain: ['poczta.example', 'skrzynka.example', 'listy.example'],
  order: (first, last) => `${first} ${last}`,
};
const HU = {
  first: ['Ágnes', 'Balázs', 'Csilla', 'Dénes', 'Emőke', 'Ferenc', 'Győző', 'Hajnalka', 'Ildikó', 'János', 'Katalin', 'Lőrinc', 'Márta',
    'Nándor', 'Orsolya', 'Örs', 'Piroska', 'Rózsa', 'Sándor', 'Tünde', 'Vilmos', 'Zsófia', 'Zoltán', 'Zsuzsanna'],
  last: ['Árvai', 'Bükkös', 'Cserfalvi', 'Diófás', 'Erdőhegyi', 'Füzesi', 'Gyöngyvirág', 'Hársfalvi', 'Íjgyártó', 'Jávorka', 'Kőrösszegi',
    'Ligetfalvi', 'Mohaligeti', 'Nádasdi-Tó', 'Őzgidai', 'Patakvölgyi', 'Rőtfalvi', 'Sűrűerdei', 'Tölgyfalusi', 'Vadvirági'],
  street: ['Kökény utca', 'Mandula utca', 'Nyírfa köz', 'Őszirózsa út', 'Szőlő sor', 'Tölgyfa utca', 'Üveggyár tér', 'Zsálya utca'],
  town: ['1111 Budapest', '4024 Debrecen', '6720 Szeged', '7621 Pécs', '9021 Győr'],
  domain: ['posta.example', 'levelek.example', 'fiok.example'],
  order: (first, last) => `${last} ${first}`,
};

const plain = (text) => text.toLowerCase().replaceAll('ł', 'l').normalize('NFD').replace(/[^a-z]/g, '');
const addresses = new Set();
// A Polish woman's surname in -ski or -cki ends in -ska or -cka.
const declined = (land, first, last) => (land === PL && first.endsWith('a') ? last.replace(/(s|c)ki$/, '$1ka') : last);
function person(land) {
  const first = pick(land.first), last = declined(land, first, pick(land.last));
  const base = `${plain(first)}.${plain(last)}`, domain = pick(land.domain);
  let email = `${base}@${domain}`;
  for (let n = 2; addresses.has(email); n++) email = `${base}${n}@${domain}`;
  addresses.add(email);
  return { name: land.order(first, last), email, phone: phone(), address: `${pick(land.street)} ${between(1, 98)}, ${pick(land.town)}` };
}
function phone() {
  const digits = (n) => Array.from({ length: n }, () => below(10)).join('');
  return pick([() => `+447700900${digits(3)}`, () => `+33199${'00'}${digits(4)}`, () => `+336399800${digits(2)}`.slice(0, 12), () => `+4670174060${between(5, 9)}`])();
}

const time = (ms) => new Date(ms).toISOString().replace('.000Z', 'Z');
const date = (ms) => new Date(ms).toISOString().slice(0, 10);
const at = (day, hour, minute = 0) => TODAY + day * DAY + hour * 3600e3 + minute * 60e3;
const money = (low, high, currency) => ({ amount: `${between(low, high)}.${currency === 'HUF' ? '00' : pick(['00', '50', '90'])}`, currency });

// Who is invited to a tenant: one person for each of its tokens. Names are counted out, so that they disturb no random number.
let invited = 0;
function staff(t, kinds) {
  return t.tokens.map(({ role, record }) => {
    const i = invited++, first = t.land.first[(i * 5) % t.land.first.length], surname = declined(t.land, first, t.land.last[(i * 3) % t.land.last.length]);
    const last = t.land === PL && first.endsWith('a') ? surname.replace(/dzki$/, 'dzka') : surname;
    return { role, name: t.land.order(first, last), email: `${plain(first)}.${plain(last)}@${t.key}.example`, lang: t.land === PL ? 'pl' : 'hu', ...own(record, kinds) };
  });
}
const own = (record, kinds) => (record ? { self: `${kinds.get(record)}/${record}` } : {});

function scene(service) {
  const files = new Map(), kinds = new Map();
  return {
    add(kind, tenant, fields, consent) {
      const line = { tenant: tenant.key, id: uuid(), fields: Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined)) };
      if (consent !== undefined) line.consents = { [consent]: true };
      if (!files.has(kind)) files.set(kind, []);
      files.get(kind).push(line);
      kinds.set(line.id, kind);
      return line.id;
    },
    write(tenants) {
      const folder = join(here, service);
      mkdirSync(folder, { recursive: true });
      for (const old of readdirSync(folder)) rmSync(join(folder, old));
      const public_ = tenants.map((t) => ({ key: t.key, name: t.name, tokens: t.tokens.map((k) => ({ ...k, ...own(k.record, kinds) })), people: staff(t, kinds) }));
      writeFileSync(join(folder, 'tenants.json'), JSON.stringify({ tenants: public_ }, null, 2) + '\n');
      let n = 0;
      for (const [kind, lines] of files)
        writeFileSync(join(folder, `${String((n += 10)).padStart(3, '0')}-${kind}.ndjson`), lines.map((l) => JSON.stringify(l) + '\n').join(''));
      console.log(`${service}: ${[...files].map(([kind, lines]) => `${lines.length} ${kind}`).join(', ')}`);
    },
  };
}

function courier() {
  const s = scene('courier');
  const tenants = [
    { key: 'gyors-nyil', name: 'Gyors Nyíl Futár Kft.', land: HU, currency: 'HUF', vehicles: ['teherbicikli', 'furgon', 'robogó'] },
    { key: 'bocian', name: 'Bocian Kurier sp. z o.o.', land: PL, currency: 'PLN', vehicles: ['rower towarowy', 'furgonetka', 'skuter'] },
  ];
  const crew = tenants.map((t) => {
    t.tokens = [{ role: 'company', label: 'office' }, { role: 'dispatcher', label: 'dispatch desk' }];
    for (const town of t.land.town.slice(0, 2))
      s.add('depot', t, { title: t.land === PL ? `Oddział ${town.split(' ')[1]}` : `${town.split(' ')[1]}i telephely`, town: town.split(' ')[1] });
    return Array.from({ length: 4 }, (_, i) => {
      const p = person(t.land);
      const left = i === 3 ? date(at(-40, 0)) : undefined;
      return s.add('courier', t, { name: p.name, phone: p.phone, vehicle: pick(t.vehicles), left });
    });
  });
  tenants.forEach((t, i) => {
    t.tokens.push({ role: 'courier', label: 'first courier', record: crew[i][0] });
    for (let n = 0; n < 10; n++) {
      const p = person(t.land), day = between(-20, 6);
      const state = day > 0 ? pick(['ordered', 'accepted']) : pick(['collected', 'collected', 'cancelled']);
      s.add('pickup', t, { name: p.name, email: p.email, phone: p.phone, address: p.address, wanted: date(at(day, 0)), weight: between(1, 25),
        note: chance(0.3) ? (t.land === PL ? 'proszę dzwonić przed przyjazdem' : 'kérem, érkezés előtt telefonáljon') : undefined, state });
    }
  });
  tenants.forEach((t, i) => {
    for (let n = 0; n < 32; n++) {
      const p = person(t.land), day = between(-120, 0);
      const state = day < -3 ? pick(['delivered', 'delivered', 'delivered', 'returned']) : pick(['ordered', 'collected', 'next', 'delivered', 'failed']);
      const moving = state !== 'ordered';
      s.add('parcel', t, { name: p.name, phone: p.phone, address: p.address, door_code: chance(0.3) ? `${between(10, 99)}#${between(100, 999)}` : undefined,
        weight: between(1, 30), price: money(900, 4900, t.currency), cash: chance(0.35) ? money(1500, 29000, t.currency) : undefined, state,
        courier: moving ? crew[i][below(3)] : undefined, picked_up: moving ? time(at(day, 7, between(0, 59))) : undefined,
        delivered: state === 'delivered' ? time(at(day, between(9, 17), between(0, 59))) : undefined });
    }
  });
  tenants.forEach((t, i) => {
    const [lat, lon] = t.land === HU ? [47.49, 19.04] : [54.35, 18.65];
    for (let n = 0; n < 15; n++)
      s.add('position', t, { courier: crew[i][n % 3], place: { lat: +(lat + random() / 20).toFixed(5), lon: +(lon + random() / 20).toFixed(5) },
        taken: time(at(0, 8, n * 4)) });
  });
  tenants.forEach((t, i) => {
    for (let n = 0; n < 6; n++)
      s.add('settlement', t, { courier: crew[i][n % 3], day: date(at(-7 * (n + 1), 0)), total: money(12000, 90000, t.currency) });
  });
  s.write(tenants);
}

function mail() {
  const s = scene('mail');
  const tenants = [
    { key: 'teatr-latarnia', name: 'Teatr Latarnia', land: PL, lists: ['Repertuar miesiąca', 'Dla nauczycieli'], topic: 'Premiera w sobotę' },
    { key: 'mezes-kert', name: 'Mézes Kert Bt.', land: HU, lists: ['Szezonális ajánlatok', 'Receptek'], topic: 'Új termés, új receptek' },
  ];
  const accounts = [], lists = [];
  for (const t of tenants) {
    t.tokens = [{ role: 'customer', label: 'owner' }, { role: 'writer', label: 'newsletter desk' }];
    accounts.push([[t.land === PL ? 'newsletter' : 'hírlevél', 'shared'], [t.land === PL ? 'zamówienia' : 'rendelések', 'dedicated']].map(([title, pool]) => s.add('sending_account', t, { title, pool, state: 'active' })));
  }
  for (const t of tenants)
    for (const state of ['verified', 'asked'])
      { const p = person(t.land); s.add('sender', t, { name: p.name, email: p.email, domain: `${t.key}.example`, reason: t.land === PL ? 'newsletter' : 'hírlevél', state }); }
  for (const t of tenants) lists.push(t.lists.map((title) => s.add('list', t, { title, purpose: t.land === PL ? 'newsletter' : 'hírlevél' })));
  tenants.forEach((t, i) => {
    t.list = lists[i][0];
    for (let n = 0; n < 45; n++) {
      const p = person(t.land);
      const state = pick(['subscribed', 'subscribed', 'subscribed', 'subscribed', 'unsubscribed', 'unconfirmed', 'blocked']);
      s.add('subscription', t, { list: lists[i][n % 2], email: p.email, name: chance(0.8) ? p.name : undefined,
        attributes: chance(0.4) ? { language: t.land === PL ? 'pl' : 'hu', seats: between(1, 4) } : undefined,
        subscribed: state === 'unconfirmed' ? undefined : time(at(-between(3, 400), between(6, 21), between(0, 59))), state }, 'newsletter');
    }
  });
  tenants.forEach((t, i) => {
    s.add('campaign', t, { list: lists[i][0], subject: t.topic, body: `${t.topic}!`, sends: time(at(-6, 9)), state: 'sent' });
    s.add('campaign', t, { list: lists[i][1], subject: t.land === PL ? `${t.lists[1]}: grudzień 2026` : `${t.lists[1]}: 2026. december`,
      body: t.land === PL ? 'Program spotkań wyślemy wkrótce.' : 'A receptek hamarosan érkeznek.', state: 'draft' });
  });
  tenants.forEach((t, i) => {
    for (let n = 0; n < 20; n++)
      s.add('delivery', t, { sending_account: accounts[i][0], to: person(t.land).email, at: time(at(-6, 9, n)), pool: 'shared',
        code: pick([250, 250, 250, 250, 450, 550]), encrypted: chance(0.95) });
  });
  s.write(tenants);
  listmonk(lists[0][0]);
}

// The columns and the notation of times are those of listmonk's own export. In the mapping a header stands for a field, for a
// field with other words for its options, or for nothing; "*" gives fields to every row.
function listmonk(list) {
  const quote = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const stamp = (ms) => `${new Date(ms).toISOString().replace('T', ' ').replace('Z', '')}${below(1000)} +0000 UTC`;
  const rows = ['uuid,email,name,attributes,status,created_at,updated_at'];
  for (let n = 0; n < 200; n++) {
    const p = person(chance(0.5) ? PL : HU), since = at(-between(30, 900), between(0, 23), between(0, 59)) + between(1, 999);
    const attributes = chance(0.5) ? { city: p.address.split(' ').pop(), ...(chance(0.3) ? { tags: ['stały gość', 'hírlevél'] } : {}) } : {};
    rows.push([uuid().replace(/-7(...)-/, '-4$1-'), p.email, p.name, JSON.stringify(attributes),
      pick(['enabled', 'enabled', 'enabled', 'enabled', 'enabled', 'disabled', 'blocklisted']), stamp(since), stamp(since + between(0, 20) * DAY)].map(quote).join(','));
  }
  writeFileSync(join(here, 'mail', 'listmonk-subscribers.csv'), rows.join('\n') + '\n');
  const mapping = {
    email: 'email', name: 'name', attributes: 'attributes',
    status: { field: 'state', values: { enabled: 'subscribed', disabled: 'unsubscribed', blocklisted: 'blocked' } },
    created_at: 'subscribed', uuid: null, updated_at: null,
    '*': { list, consents: 'newsletter' },
  };
  writeFileSync(join(here, 'mail', 'listmonk-mapping.json'), JSON.stringify(mapping, null, 2) + '\n');
}

function events() {
  const s = scene('events');
  const tenants = [
    { key: 'fundacja-zegar', name: 'Fundacja Zegar Słoneczny', land: PL, events: [['Warsztaty ceramiki', 'Gdańsk', 12, 20, 26], ['Bieg o świcie', 'Sopot', -30, 200, 34], ['Wieczór planszówek', 'Gdynia', 40, undefined, 12]] },
    { key: 'korcsolya-kor', name: 'Korcsolya Kör Egyesület', land: HU, events: [['Jégtánc kezdőknek', 'Budapest', 20, 15, 18], ['Téli tábor', 'Győr', 60, 40, 22]] },
  ];
  const invoices = [];
  for (const t of tenants) t.tokens = [{ role: 'organiser', label: 'office' }, { role: 'door', label: 'door' }];
  const all = tenants.map((t) => t.events.map(([title, place, day, seats, people]) => ({
    day, seats, people, t, id: s.add('event', t, { title, place, starts: time(at(day, 9)), ends: time(at(day, 16)), seats }) })));
  for (const e of all.flat()) {
    for (let n = 0; n < e.people; n++) {
      const p = person(e.t.land), over = e.day < 0, full = e.seats !== undefined && n >= e.seats;
      const status = full ? 'waiting' : over ? pick(['attended', 'attended', 'attended', 'accepted']) : 'accepted';
      const diet = chance(0.2) ? (e.t.land === PL ? pick(['bez glutenu', 'wegetariańska', 'bez orzechów']) : pick(['gluténmentes', 'vegetáriánus', 'diómentes'])) : undefined;
      s.add('registration', e.t, { event: e.id, name: p.name, email: p.email, phone: chance(0.6) ? p.phone : undefined, diet, status }, diet && 'diet');
      if (over && chance(0.5)) invoices.push([e, p]);
    }
  }
  for (const [e, p] of invoices)
    s.add('invoice', e.t, { event: e.id, issued: date(at(e.day + 1, 0)), buyer: `${p.name}, ${p.address}`, total: money(40, 180, e.t.land === PL ? 'PLN' : 'EUR') });
  for (const e of all.flat())
    s.add('mailing', e.t, { event: e.id, subject: e.t.land === PL ? 'Do zobaczenia!' : 'Viszontlátásra!', body: e.t.land === PL ? 'Zaczynamy o 10:00.' : '10 órakor kezdünk.', sent: e.day < 0 ? time(at(e.day - 1, 12)) : undefined });
  s.write(tenants);
}

function machines() {
  const s = scene('machines');
  const tenants = [
    { key: 'biuro-arabika', name: 'Biuro Arabika S.A.', land: PL, sites: ['Recepcja', 'Kuchnia 3. piętro', 'Magazyn'] },
    { key: 'kaves-haz', name: 'Kávés Ház Zrt.', land: HU, sites: ['Porta', 'Tárgyaló', 'Műhely'] },
  ];
  const put = {};
  for (const t of tenants) {
    t.tokens = [{ role: 'customer', label: 'facility office' }];
    put[t.key] = { sites: t.sites.map((title) => s.add('site', t, { title, street: `${pick(t.land.street)} ${between(1, 60)}`, town: pick(t.land.town).split(' ')[1] })) };
  }
  for (const t of tenants) put[t.key].technicians = [0, 1].map(() => { const p = person(t.land); return s.add('technician', t, { name: p.name, phone: p.phone }); });
  for (const t of tenants) put[t.key].dealers = ['Nordkaffe', 'Presso'].map((title) => s.add('dealer', t, { title: `${title} ${t.land === PL ? 'Polska' : 'Magyarország'}`, country: t.land === PL ? 'PL' : 'HU' }));
  for (const t of tenants) put[t.key].contractor = s.add('contractor', t, { title: t.land === PL ? 'Serwis Wodny s.c.' : 'Víztechnika Bt.' });
  for (const t of tenants) {
    const p = put[t.key];
    t.tokens.push({ role: 'technician', label: 'first technician', record: p.technicians[0] }, { role: 'dealer', label: 'first dealer', record: p.dealers[0] },
      { role: 'contractor', label: 'water contractor', record: p.contractor });
    p.machines = Array.from({ length: 6 }, (_, n) => ({ cups: between(900, 48000), id: null, n }));
    for (const m of p.machines)
      m.id = s.add('machine', t, { serial: `KD-${t.land === PL ? 'P' : 'H'}${String(1001 + m.n)}`, model: pick(['Uno', 'Duo', 'Trio']), source: pick(['dealer', 'distributor', 'customer', 'machine']),
        site: pick(p.sites), dealer: pick(p.dealers), cups: m.cups, temperature: between(88, 95), error: m.n === 4 ? 'E21' : undefined, firmware: pick(['4.2.0', '4.2.1']), state: m.n === 4 ? 'stopped' : 'running' });
  }
  for (const t of tenants)
    for (const m of put[t.key].machines)
      for (let day = 5; day > 0; day--)
        s.add('reading', t, { machine: m.id, taken: time(at(-day, 6)), cups: m.cups - day * between(20, 60), temperature: between(88, 95), error: m.n === 4 && day < 3 ? 'E21' : undefined, firmware: '4.2.1' });
  for (const t of tenants)
    for (let n = 0; n < 4; n++) {
      const p = person(t.land);
      s.add('fault', t, { machine: put[t.key].machines[n + 1].id, what: t.land === PL ? pick(['nie leci woda', 'kawa jest zimna']) : pick(['nem folyik víz', 'hideg a kávé']),
        name: chance(0.5) ? p.name : undefined, email: chance(0.7) ? p.email : undefined, state: pick(['open', 'mended', 'closed']) });
    }
  for (const t of tenants)
    for (let n = 0; n < 4; n++)
      s.add('visit', t, { machine: put[t.key].machines[n].id, technician: put[t.key].technicians[n % 2], starts: time(at(n < 2 ? n : -n * 9, 8)),
        parts: n === 2 ? (t.land === PL ? 'filtr 12' : '12-es szűrő') : undefined, state: n < 2 ? 'open' : 'done' });
  for (const t of tenants)
    s.add('share', t, { machine: put[t.key].machines[0].id, contractor: put[t.key].contractor, purpose: t.land === PL ? 'pomiar twardości wody' : 'vízkeménység mérése', ends: date(at(30, 0)), state: 'open' });
  s.write(tenants);
}

function bookings() {
  const s = scene('bookings');
  const tenants = [
    { key: 'gabinet-mieta', name: 'Gabinet Mięta', land: PL, currency: 'PLN', services: [['Masaż klasyczny', 60, 150], ['Konsultacja', 30, 120], ['Terapia manualna', 45, 180]] },
    { key: 'hajvilag', name: 'Hajvilág Szalon', land: HU, currency: 'HUF', services: [['Hajvágás', 30, 6500], ['Festés', 90, 18000], ['Konzultáció', 15, 0]] },
  ];
  const put = {}, bills = [];
  for (const t of tenants) {
    t.tokens = [{ role: 'business', label: 'reception' }];
    put[t.key] = { staff: Array.from({ length: 3 }, (_, n) => { const p = person(t.land); return s.add('staff', t, { title: t.land === HU ? `${n + 1}. szék` : `Gabinet ${n + 1}`, name: p.name, email: p.email }); }) };
    t.tokens.push({ role: 'staff', label: 'first of the staff', record: put[t.key].staff[0] });
  }
  for (const t of tenants)
    put[t.key].services = t.services.map(([title, minutes, price]) => ({ minutes, price,
      id: s.add('service', t, { title, minutes, price: { amount: `${price}.00`, currency: t.currency } }) }));
  for (const t of tenants)
    put[t.key].staff.forEach((staff, n) => {
      for (let slot = 0; slot < 12; slot++) {
        // One visit every two hours at most, so that no two of one person can overlap.
        const day = [-20, -6, 3, 9][slot % 4], hour = 7 + 2 * Math.floor(slot / 4), service = pick(put[t.key].services), p = person(t.land);
        const starts = at(day + n, hour), ends = starts + service.minutes * 60e3;
        const note = chance(0.15) ? (t.land === PL ? 'ból pleców' : 'érzékeny fejbőr') : undefined;
        const state = day < 0 ? pick(['came', 'came', 'came', 'missed', 'cancelled']) : pick(['booked', 'confirmed']);
        s.add('visit', t, { service: service.id, staff, starts: time(starts), ends: time(ends), name: p.name, phone: p.phone, email: chance(0.7) ? p.email : undefined, note, state }, note && 'health');
        if (state === 'came' && chance(0.4)) bills.push([t, p, day, service]);
      }
    });
  for (const t of tenants)
    for (let n = 0; n < 4; n++)
      s.add('question', t, { email: person(t.land).email, text: t.land === PL ? 'Czy przyjmują Państwo w soboty?' : 'Szombaton is nyitva vannak?', state: pick(['open', 'answered']) });
  for (const t of tenants)
    for (let n = 0; n < 6; n++)
      s.add('subscription', t, { email: person(t.land).email, state: pick(['subscribed', 'subscribed', 'unconfirmed', 'unsubscribed']) }, 'newsletter');
  for (const [t, p, day, service] of bills)
    s.add('invoice', t, { issued: date(at(day, 0)), buyer: `${p.name}, ${p.address}`, total: { amount: `${service.price}.00`, currency: t.currency } });
  s.write(tenants);
}

courier();
mail();
events();
machines();
bookings();
