// The matrix of access: every role, kind, field and verb of the five charters, and what scopes take away. What may be is worked out
// here from the text of the charters, by a reading of its own; each empty cell is tried by a request that must be refused, each full
// one by a request that must work. Every role has a tenant of its own with records that are near to it (its own, assigned to it, in an
// open window) and records that are far.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Instance, root, services } from './lib.mjs';

// ---- a charter, as far as access goes. Blocks by their indentation; what stands in braces or brackets stays text.
function blocks(text) {
  const lines = text.split('\n').map((l) => l.replace(/(^|\s)#.*$/, '').trimEnd()).filter((l) => l.trim());
  let at = 0;
  const indent = (l) => l.length - l.trimStart().length;
  function read(level) {
    if (lines[at].trim().startsWith('- ')) {
      const list = [];
      while (at < lines.length && indent(lines[at]) === level && lines[at].trim().startsWith('- ')) {
        list.push(lines[at++].trim().slice(2));
        while (at < lines.length && indent(lines[at]) > level) at++;
      }
      return list;
    }
    const map = {};
    while (at < lines.length && indent(lines[at]) === level) {
      const [, key, rest] = /^\s*([^:]+):\s*(.*)$/.exec(lines[at++]);
      map[key] = rest || (at < lines.length && indent(lines[at]) > level ? read(indent(lines[at])) : '');
    }
    return map;
  }
  return read(0);
}

const built = ['support', 'administrator', 'security officer', 'controller', 'authority'], operators = new Set(built.slice(0, 3));
const listOf = (v) => (v === undefined ? [] : Array.isArray(v) ? v : [v]);

function fieldOf(text) {
  const [head, ...rest] = text.split(', '), [, level, type] = /^(?:(personal|sensitive|secret) )?(.*)$/.exec(head);
  const options = /^one of (.*)$/.exec(type), refers = /^reference to (\w+)$/.exec(type), consent = rest.find((r) => r.startsWith('only with consent '));
  return { level: level || 'plain', type: options ? 'one of' : refers ? 'reference' : type, options: options && options[1].split(' | '), refers: refers && refers[1],
    optional: rest.includes('optional'), consent: consent && consent.slice(18) };
}

// "name, state of own parcel, while …, by private link": grants of a sentence; what follows them holds for all of them.
function grantsOf(sentence) {
  const grants = [], conditions = [];
  let fields = [];
  for (const piece of sentence.split(', ')) {
    const m = /^(.+) of (\w+) (\w+)$/.exec(piece);
    if (/^(on the day|from |while |by |as a|until )/.test(piece)) conditions.push(piece);
    else if (m) { grants.push({ fields: [...fields, m[1]], of: m[2], kind: m[3] }); fields = []; } else fields.push(piece);
  }
  const way = conditions.find((c) => c.startsWith('by '));
  for (const g of grants) Object.assign(g, { link: !!way, window: conditions.some((c) => /^(on the day|from |while )/.test(c)) });
  return grants;
}

function charterOf(service) {
  const c = blocks(fs.readFileSync(path.join(root, 'charters', `${service}.yaml`), 'utf8')), kinds = {};
  for (const [name, k] of Object.entries(c.records)) {
    const fields = Object.fromEntries(Object.entries(k.holds).map(([f, text]) => [f, fieldOf(text)])), moves = [];
    for (const [line, who] of Object.entries(k.moves || {})) {
      const [, from, to] = /^(\w+) to (\w+)$/.exec(line);
      const field = Object.keys(fields).find((f) => fields[f].options && fields[f].options.includes(from) && fields[f].options.includes(to) && f !== 'source');
      moves.push({ field, from, to, who: who.split(/,| or /).map((w) => w.trim()) });
    }
    kinds[name] = { name, fields, moves, parent: c.records[k.belongs_to] ? k.belongs_to : null, about: k.about, consent: /^consent (\w+)/.exec(k.because || '')?.[1] };
  }
  const sees = {}, changes = {};
  for (const [role, v] of Object.entries(c.who_sees)) sees[role] = listOf(v).flatMap(grantsOf);
  for (const [role, v] of Object.entries(c.who_changes)) changes[role] = listOf(v).flatMap((s) => (s === 'nothing' ? [] : grantsOf(s)));
  const unbound = Object.keys(c.who_sees).filter((r) => listOf(c.who_sees[r]).some((s) => s.startsWith('nothing personal')));
  const isPublic = (role) => role !== c.tenant && (sees[role] || []).some((g) => g.link);
  return { service, kinds, groups: c.groups || {}, tenant: c.tenant, roles: [...Object.keys(c.people), ...built], sees, changes, plainOnly: new Set(unbound), isPublic, onRequest: c.copies !== undefined };
}

// ---- what may be
const refersPerson = (c, f) => f.refers && c.kinds[f.refers].about;
const hasMoves = (k, f) => k.moves.some((m) => m.field === f);
const needed = (k) => Object.keys(k.fields).filter((f) => !k.fields[f].optional && k.fields[f].type !== 'counter' && !k.fields[f].consent && !hasMoves(k, f));

function fieldsOf(c, kind, names) {
  const all = Object.keys(c.kinds[kind].fields);
  return new Set(names.flatMap((n) => (n === 'everything' ? all : c.groups[n] ? c.groups[n].split(', ') : [n])).filter((n) => all.includes(n)));
}
const ownIsSubject = (c, role, kind) => role !== c.tenant && (c.kinds[kind].about === role || c.isPublic(role));

// near: it is the caller's own and stands in every relation and window; a token is neither a private link nor an account.
function union(c, role, kind, near, self, grants) {
  const set = new Set();
  for (const g of grants || []) {
    const mine = g.of === 'own' ? !ownIsSubject(c, role, kind) || (near && self) : near && self;
    if (g.kind === kind && !g.link && mine && (near || !g.window)) for (const f of fieldsOf(c, kind, g.fields)) set.add(f);
  }
  return set;
}
function sees(c, role, kind, near, self) {
  if (!c.plainOnly.has(role)) return union(c, role, kind, near, self, c.sees[role]);
  return new Set(Object.entries(c.kinds[kind].fields).filter(([, f]) => f.level === 'plain' && !refersPerson(c, f)).map(([n]) => n));
}
const isOwner = (c, role) => role === c.tenant && !c.changes[role];
function changes(c, role, kind, near, self) {
  return isOwner(c, role) ? new Set(Object.keys(c.kinds[kind].fields)) : union(c, role, kind, near, self, c.changes[role]);
}
const ever = (c, role, kind, grants) => new Set((grants[role] || []).filter((g) => g.kind === kind && !g.link).flatMap((g) => [...fieldsOf(c, kind, g.fields)]));
const kindSeen = (c, role, kind) => c.plainOnly.has(role) ? sees(c, role, kind, false, false).size > 0 : ever(c, role, kind, c.sees).size > 0;
const mayMake = (c, role, kind) => isOwner(c, role) || needed(c.kinds[kind]).every((f) => ever(c, role, kind, c.changes).has(f));
const moveGiven = (c, role, kind, near, self, from, to) => c.kinds[kind].moves.some((m) => m.from === from && m.to === to && m.who.includes(role)) &&
  (!ownIsSubject(c, role, kind) || (near && self)) &&
  (sees(c, role, kind, near, self).size > 0 || changes(c, role, kind, near, self).size > 0 || !kindSeen(c, role, kind));

// ---- values
const now = Date.now(), iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
let turn = 0;
const times = { starts: now, ends: now + 36e5, picked_up: now - 72e5, delivered: now - 36e5 };
function value(c, field, f, near) {
  const n = ++turn;
  switch (f.type) {
    case 'text': return `words ${n}`;
    case 'name': return `Anna Zawilska ${n}`;
    case 'email': return `anna.zawilska.${n}@people.example`;
    case 'phone': return `${c.service === 'courier' ? '+36 1 ' : '+48 22 '}${String(1000000 + n).replace(/(\d{3})(\d{2})(\d{2})/, '$1 $2 $3')}`;
    case 'address': return `Example street ${n}`;
    case 'number': return n;
    case 'counter': return n;
    case 'money': return { amount: `${n}.50`, currency: 'EUR' };
    case 'time': return iso((times[field] ?? now) + (near ? 0 : 400 * 864e5) + n * 1000);
    case 'date': return iso(now + (1000 + n) * 864e5).slice(0, 10);
    case 'yes/no': return n % 2 === 0;
    case 'place': return { lat: 47 + n / 1e5, lon: 19 };
    case 'json': return { n };
    case 'one of': return f.options[n % f.options.length];
    default: return undefined;                   // a file is no value
  }
}
const unset = new Set(['delivered', 'left']);

function input(c, kind, world, near, only) {
  const k = c.kinds[kind], fields = k.parent ? { [k.parent]: world[k.parent] } : {}, consents = k.consent ? { [k.consent]: true } : {};
  for (const [name, f] of Object.entries(k.fields)) {
    if (hasMoves(k, name) || unset.has(name) || (!near && name === 'picked_up') || (only && !only.has(name))) continue;
    const v = f.refers ? world[f.refers] : value(c, name, f, near);
    if (v === undefined) continue;
    fields[name] = v;
    if (f.consent) consents[f.consent] = true;
  }
  return { fields, consents };
}

// ---- one role with its tenant
class Run {
  constructor(sejf, c, role) { Object.assign(this, { sejf, c, role, stored: {}, cells: 0, wrong: [], full: 0 }); }
  api(method, target, token, body, more = {}) { return this.sejf.call(method, `/v1/${this.c.service}/${target}`, { token, body, ...more }); }
  cell(fine, what, r) {
    this.cells++;
    if (!fine) this.wrong.push(`${this.c.service} ${this.role}: ${what}${r ? `: ${r.status} ${(r.text || '').slice(0, 200)}` : ''}`);
  }
  async must(method, target, body) {
    const r = await this.api(method, target, this.boss, body);
    if (r.status >= 300) throw new Error(`${this.c.service} ${method} ${target}: ${r.status} ${r.text} ${JSON.stringify(body)}`);
    return r.json;
  }
  async token(...more) {
    const r = await this.sejf.runAsync(['token', 'new', this.c.service, '--tenant', String(this.tenant), '--json', ...more]);
    if (r.status !== 0) throw new Error(`token new ${more}: ${r.stderr}`);
    return JSON.parse(r.stdout).token;
  }
  async world(near) {
    const w = {}, order = [], put = (k) => {
      if (order.includes(k)) return;
      order.push('…' + k);
      for (const other of [this.c.kinds[k].parent, ...Object.values(this.c.kinds[k].fields).map((f) => f.refers)]) if (other && other !== k && !order.includes('…' + other)) put(other);
      order.push(k);
    };
    Object.keys(this.c.kinds).forEach(put);
    for (const k of order.filter((o) => !o.startsWith('…'))) {
      const made = await this.must('POST', k, input(this.c, k, w, near));
      w[k] = made.id;
      (this.stored[k] ||= {})[near ? 'near' : 'far'] = made.fields;
    }
    return w;
  }
  async begin() {
    const t = await this.sejf.runAsync(['tenant', 'new', this.c.service, `${this.role} of the matrix`, '--agreement', '2020-01-02', '--json']);
    this.tenant = JSON.parse(t.stdout).tenant;
    this.boss = await this.token('--role', this.c.tenant);
    this.far = await this.world(false);
    this.near = await this.world(true);
    const own = Object.keys(this.c.kinds).find((k) => this.c.kinds[k].about === this.role) || (this.c.kinds[this.role] && this.role);
    this.self = own && this.role !== this.c.tenant ? `${own}/${this.near[own]}` : null;
    this.mine = await this.token('--role', this.role.replace(' ', '_'), ...(this.self ? ['--self', this.self] : []));
    // A bulk copy is the right of the tenant's own role; of others by a token that names the verb.
    this.copier = this.role === this.c.tenant ? this.mine : await this.token('--role', this.role.replace(' ', '_'), '--scope', '{"verbs":["read","export"]}', ...(this.self ? ['--self', this.self] : []));
  }
  // Which of the fields that a record has may be shown?
  check(kind, near, record, what) {
    const want = sees(this.c, this.role, kind, near, !!this.self), shown = record ? Object.keys(record.fields) : [], stored = this.stored[kind][near ? 'near' : 'far'];
    for (const f of Object.keys(this.c.kinds[kind].fields)) {
      if (!(f in stored)) continue;
      if (want.has(f)) this.full++;
      this.cell(want.has(f) === shown.includes(f), `${what} of ${near ? 'a near' : 'a far'} ${kind} ${shown.includes(f) ? 'shows' : 'hides'} ${f}`);
    }
  }
  async reads() {
    for (const kind of Object.keys(this.c.kinds)) {
      const at = { near: this.near[kind], far: this.far[kind] };
      for (const near of [true, false]) {
        const want = sees(this.c, this.role, kind, near, !!this.self), r = await this.api('GET', `${kind}/${near ? at.near : at.far}`, this.mine);
        this.cell(r.status === (want.size > 0 ? 200 : 404), `reading a ${near ? 'near' : 'far'} ${kind}`, r);
        this.check(kind, near, r.status === 200 ? r.json : null, 'reading');
      }
      const seen = kindSeen(this.c, this.role, kind), list = await this.api('GET', `${kind}?limit=1000`, this.mine), search = await this.api('POST', `${kind}/search`, this.mine, { where: {}, limit: 1000 });
      const copy = await this.api('POST', `${kind}/export`, this.copier, {}), exports = seen && !operators.has(this.role) && !this.c.onRequest;
      this.cell(list.status === (seen ? 200 : 404), `listing ${kind}`, list);
      this.cell(search.status === list.status, `searching ${kind}`, search);
      this.cell(exports ? copy.status === 200 : copy.status === 403 || copy.status === 404, `exporting ${kind}`, copy);
      if (this.copier !== this.mine) this.cell([403, 404].includes((await this.api('POST', `${kind}/export`, this.mine, {})).status), `exporting ${kind} without the right`);
      const rows = exports && copy.status === 200 ? copy.text.split('\n').filter(Boolean).map((l) => JSON.parse(l)) : [];
      for (const near of [true, false])
        for (const [what, items, can] of [['a list', list.json?.items, seen], ['a search', search.json?.items, seen], ['an export', rows, exports]])
          if (can) this.check(kind, near, (items || []).find((i) => i.id === (near ? at.near : at.far)), what);
    }
  }
  async patch(kind, id, fields, want, what, consents) {
    const r = await this.api('PATCH', `${kind}/${id}`, this.mine, { fields, ...(consents ? { consents } : {}) });
    if (want) this.full++;
    this.cell(want ? r.status === 200 : [403, 404, 422].includes(r.status), `${want ? 'may' : 'may not'} ${what}`, r);
    if (!want && r.status === 422) this.cell((r.json.errors || []).some((e) => (e.pointer ?? e.path ?? '').includes('/fields/')), `${what} is refused by field`, r);
  }
  async writes() {
    for (const kind of Object.keys(this.c.kinds))
      for (const near of [false, true]) {
        const k = this.c.kinds[kind], id = (near ? this.near : this.far)[kind], may = changes(this.c, this.role, kind, near, !!this.self);
        const dates = Object.keys(k.fields).filter((f) => k.fields[f].type === 'time');
        for (const [name, f] of Object.entries(k.fields)) {
          if (hasMoves(k, name)) continue;
          const v = f.refers ? (near ? this.far : this.near)[f.refers] : value(this.c, name, f, near);
          if (v === undefined) continue;
          if (['one of', 'yes/no'].includes(f.type) && v === this.stored[kind][near ? 'near' : 'far'][name]) continue;      // no change
          if (f.refers && near && may.has(name)) continue;      // it would not be near any more
          const also = may.has(name) && f.type === 'time' && dates.includes('starts') && dates.includes('ends') && may.has('starts') && may.has('ends')
            ? { starts: value(this.c, 'starts', f, near), ends: value(this.c, 'ends', f, near) } : {};
          await this.patch(kind, id, { [name]: v, ...also }, may.has(name), `change ${name} of a ${near ? 'near' : 'far'} ${kind}`);
        }
        await this.moves(kind, near);
      }
  }
  async moves(kind, near) {
    const k = this.c.kinds[kind], world = near ? this.near : this.far;
    for (const field of new Set(k.moves.map((m) => m.field))) {
      const from = this.stored[kind][near ? 'near' : 'far'][field];
      const given = (to) => moveGiven(this.c, this.role, kind, near, !!this.self, from, to);
      for (const to of k.fields[field].options.filter((o) => o !== from).sort((a, b) => given(a) - given(b))) {      // what is refused first
        const what = `move ${kind} from ${from} to ${to}`;
        if (!given(to)) await this.patch(kind, world[kind], { [field]: to }, false, what);
        else await this.move(kind, near, { [field]: to }, what);
      }
    }
  }
  // A move that works is tried once on a record that is made for it; where only the near one will do, on that.
  async move(kind, near, fields, what) {
    const only = near && !isOwner(this.c, this.role) && [...(this.c.sees[this.role] || []), ...(this.c.changes[this.role] || [])].some((g) => g.kind === kind && g.of !== 'own');
    const subject = ownIsSubject(this.c, this.role, kind), mine = this.mine;
    if (only && (this.moved ||= new Set()).has(kind)) return;
    const id = only ? this.near[kind] : (await this.must('POST', kind, this.spread(kind, input(this.c, kind, near ? this.near : this.far, near)))).id;
    if (only) this.moved.add(kind);
    if (subject) this.mine = await this.token('--role', this.role, '--self', `${kind}/${id}`);
    await this.patch(kind, id, fields, true, what);
    this.mine = mine;
  }
  // Another record of the same kind must not meet the limits of the charter.
  spread(kind, body) {
    const { fields } = body;
    if (fields.staff && fields.starts) { turn += 7200; const at = now + 1e10 + turn * 1000; Object.assign(fields, { starts: iso(at), ends: iso(at + 6e5) }); }
    return body;
  }
  async makes() {
    for (const kind of Object.keys(this.c.kinds)) {
      const k = this.c.kinds[kind], may = changes(this.c, this.role, kind, true, !!this.self), can = mayMake(this.c, this.role, kind), owner = this.role === this.c.tenant;
      const full = this.spread(kind, input(this.c, kind, this.near, true, can && !owner ? ever(this.c, this.role, kind, this.c.changes) : undefined));
      if (this.role !== this.c.tenant && can) for (const f of Object.keys(full.fields)) if (f !== k.parent && !may.has(f)) delete full.fields[f];
      const made = await this.api('POST', kind, this.mine, full);
      if (can) this.full++;
      this.cell(can ? made.status === 201 : made.status === 403 || made.status === 404, `${can ? 'may' : 'may not'} make ${kind}`, made);
      const line = this.spread(kind, input(this.c, kind, this.near, true, new Set(needed(k)))), row = JSON.stringify({ ...line.fields, consents: line.consents });
      const brought = await this.api('POST', `${kind}/import`, this.mine, `${row}\n`, { type: 'application/x-ndjson' });
      this.cell(can ? brought.status === 200 && /"made":\s*1\b/.test(brought.text) : brought.status === 403 || brought.status === 404, `${can ? 'may' : 'may not'} import ${kind}`, brought);
      const id = owner ? made.json?.id : this.far[kind], gone = await this.api('DELETE', `${kind}/${id}`, this.mine);
      this.cell(owner ? gone.status < 300 : gone.status === 403 || gone.status === 404, `${owner ? 'may' : 'may not'} erase ${kind}`, gone);
    }
    for (const kind of Object.keys(this.c.kinds)) if (kindSeen(this.c, this.c.tenant, kind)) this.cell((await this.api('GET', `${kind}/${this.far[kind]}`, this.boss)).status === 200, `${kind} is still there`);
  }
  // A scope by kind leaves the others out, one by verb the other verbs, one by purpose what is for others.
  async scopes() {
    const kinds = Object.keys(this.c.kinds), verbs = ['read', 'create', 'change', 'erase', 'export', 'import'];
    const doors = {
      read: (k, t) => this.api('GET', `${k}/${this.near[k]}`, t), create: (k, t) => this.api('POST', k, t, { fields: {} }), change: (k, t) => this.api('PATCH', `${k}/${this.near[k]}`, t, { fields: {} }),
      erase: (k, t) => this.api('DELETE', `${k}/${this.near[k]}`, t, undefined, { headers: { 'if-match': '"999999"' } }), export: (k, t) => this.api('POST', `${k}/export`, t, {}),
      import: (k, t) => this.api('POST', `${k}/import`, t, '', { type: 'application/x-ndjson' }),
    };
    const open = { read: [200], create: [201, 422], change: [200], erase: [412], export: [this.c.onRequest ? 403 : 200], import: [200] };
    const scopes = [...kinds.map((k) => ({ kinds: [k] })), ...verbs.map((v) => ({ verbs: [v] })), { kinds: [kinds[0]], verbs: ['read'] }, { kinds: [] }, { verbs: [] }];
    await Promise.all(scopes.map(async (scope) => {
      const token = await this.token('--role', this.role, '--scope', JSON.stringify(scope));
      for (const k of kinds)
        for (const v of verbs) {
          const can = !['read', 'export'].includes(v) || kindSeen(this.c, this.role, k);
          const inside = can && (!scope.kinds || scope.kinds.includes(k)) && (!scope.verbs || scope.verbs.includes(v)), r = await doors[v](k, token);
          if (inside) this.full++;
          this.cell((inside ? open[v] : [403, 404]).includes(r.status), `${JSON.stringify(scope)} ${inside ? 'lets' : 'stops'} ${v} of ${k}`, r);
        }
    }));
  }
}

const sejf = new Instance();
before(() => sejf.start());
after(() => sejf.remove());

// Close to midnight the day that a window speaks of may end while it is tried.
const minutes = (zone) => { const [h, m] = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(now).split(':').map(Number); return h * 60 + m; };
const late = minutes('Europe/Warsaw') > 24 * 60 - 70;

test('every cell of role, kind, field, verb and scope is as the charters say', { timeout: 240000 }, async () => {
  const runs = services.map(charterOf).flatMap((c) => c.roles.filter((r) => !(late && (c.sees[r] || []).some((g) => g.window))).map((role) => new Run(sejf, c, role)));
  const queue = [...runs];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let run = queue.shift(); run; run = queue.shift()) {
      await run.begin();
      await run.reads();
      await run.writes();
      if (run.role === run.c.tenant) await run.scopes();
      await run.makes();
    }
  }));
  const wrong = runs.flatMap((r) => r.wrong), cells = runs.reduce((n, r) => n + r.cells, 0), full = runs.reduce((n, r) => n + r.full, 0);
  console.log(`# ${cells} cells of ${runs.length} roles, ${full} of them full`);
  assert.deepEqual(wrong.slice(0, 40), [], `${wrong.length} of ${cells} cells are wrong`);
  assert.ok(cells > 5000 && full > 1000, `${cells} cells, ${full} of them full`);
});

test('purposes: one that the kind declares, in any language, and no other', async () => {
  const tenant = sejf.tenant('courier', 'Purposes'), boss = sejf.token('courier', tenant, 'company');
  const narrow = sejf.token('courier', tenant, 'company', '--scope', '{"purposes":["rozliczanie pobrań"]}'), none = sejf.token('courier', tenant, 'company', '--scope', '{"purposes":["collecting the parcel"]}');
  const made = await sejf.call('POST', '/v1/courier/parcel', { token: boss, body: { fields: { name: 'Anna', phone: '+36 1 123 4567', address: 'Example street 1', price: { amount: '1.00', currency: 'HUF' } } } });
  assert.equal(made.status, 201, made.text);
  const rows = [[boss, undefined, 200], [boss, 'carrying the parcel', 200], [boss, 'settling cash', 200], [boss, 'advertising', 403], [narrow, undefined, 200], [narrow, 'settling cash', 200],
    [narrow, 'carrying the parcel', 403], [none, undefined, 403], [none, 'carrying the parcel', 403]];
  for (const [token, purpose, want] of rows) {
    const headers = purpose === undefined ? {} : { 'sejf-purpose': purpose };
    const ways = [['GET', `parcel/${made.json.id}`], ['GET', 'parcel'], ['POST', 'parcel/search', { where: {} }], ['POST', 'parcel/export', {}]];
    for (const [method, target, body] of ways) {
      const r = await sejf.call(method, `/v1/courier/${target}`, { token, body, headers });
      assert.equal(r.status, want, `${method} ${target} for ${purpose}: ${r.text}`);
      if (want === 403) assert.match(r.text, /purpose/i);
    }
  }
  const refused = await sejf.call('GET', '/v1/courier/parcel', { token: boss, headers: { 'sejf-purpose': 'advertising' } });
  for (const there of ['carrying the parcel', 'settling cash', 'proving delivery']) assert.ok(refused.text.includes(there), refused.text);
  assert.ok(!refused.text.includes('advertising'));
  for (const scope of ['{"kinds":["gone"]}', '{"verbs":["look"]}', '{"purposes":["advertising"]}', '[]'])
    assert.notEqual(sejf.run(['token', 'new', 'courier', '--tenant', String(tenant), '--role', 'company', '--scope', scope]).status, 0, scope);
});
