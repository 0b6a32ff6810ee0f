// server.mjs — what a good team writes itself for the job that bench/records gives to both sides: Fastify, node:sqlite, one key
// per person, an HMAC index, a chained audit trail. Same addresses and bodies as sejf, so that one load generator serves both.
//   node server.mjs --data DIR (--socket PATH | --port N) [--workers N] [--group]
//   node server.mjs --data DIR --token        makes a token and prints it
// --group: creates that arrive together share one transaction, and with it one wait for the disk.
import cluster from 'node:cluster';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import Fastify from 'fastify';
import { Store } from './store.mjs';
import { Vault } from './vault.mjs';

const { values: o } = parseArgs({ options: {
  data: { type: 'string' }, socket: { type: 'string' }, port: { type: 'string' }, workers: { type: 'string', default: '1' },
  group: { type: 'boolean', default: false }, token: { type: 'boolean', default: false },
} });
const KEEP = 365 * 86400000, IDS_NOTED = 20;
const workers = Number(o.workers);
const hash = (token) => crypto.createHash('sha256').update(token).digest();

function uuid7() {
  const b = crypto.randomBytes(16);
  b.writeUIntBE(Date.now(), 0, 6);
  b[6] = (b[6] & 0x0f) | 0x70;
  b[8] = (b[8] & 0x3f) | 0x80;
  return b;
}
const idText = (b) => {
  const h = Buffer.from(b).toString('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
};
const idBytes = (t) => Buffer.from(t.replaceAll('-', ''), 'hex');

const text = (most) => ({ type: 'string', minLength: 1, maxLength: most });
const fields = { type: 'object', additionalProperties: false, required: ['name', 'email'],
  properties: { name: text(2000), email: { type: 'string', format: 'email', maxLength: 254 }, phone: { type: 'string', pattern: '^\\+[0-9]{6,15}$' }, note: text(65536) } };
const person = { type: 'object', properties: { id: { type: 'string' }, version: { type: 'integer' }, created: { type: 'string' }, updated: { type: 'string' }, due: { type: 'string' },
  fields: { type: 'object', properties: { name: { type: 'string' }, email: { type: 'string' }, phone: { type: 'string' }, note: { type: 'string' } } } } };
const page = { type: 'object', properties: { items: { type: 'array', items: person }, next: { type: 'string', nullable: true } } };
const byId = { type: 'object', properties: { id: { type: 'string', pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' } } };

class Service {
  constructor() {
    this.vault = new Vault(path.join(o.data, 'keys'));
    this.store = new Store(path.join(o.data, 'peer.db'), workers === 1);
    this.known = new Map();                  // tokens, looked up again after a second
    this.reads = new Map();                  // by caller, written to the audit trail every second
    this.queue = [];
    this.timer = setInterval(() => this.flush(), 1000);
  }

  caller(header) {
    if (!header?.startsWith('Bearer ')) return undefined;
    const token = header.slice(7);
    let k = this.known.get(token);
    if (!k || k.until < Date.now()) {
      k = { who: this.store.who(hash(token)), until: Date.now() + 1000 };
      if (this.known.size > 10000) this.known.clear();
      this.known.set(token, k);
    }
    return k.who;
  }

  note(who, rows) {
    let n = this.reads.get(who);
    if (!n) this.reads.set(who, n = { count: 0, ids: [] });
    n.count += rows.length;
    for (let i = 0; i < rows.length && n.ids.length < IDS_NOTED; i++) n.ids.push(idText(rows[i].id));
  }

  flush() {
    if (this.reads.size === 0) return;
    const entries = [...this.reads].map(([who, n]) => ({ at: Date.now(), who, verb: 'read', ...n }));
    this.reads.clear();
    this.store.noteReads(entries);
  }

  show(row, opened) {
    return { id: idText(row.id), version: row.version, created: new Date(row.created).toISOString(), updated: new Date(row.updated).toISOString(),
      due: new Date(row.due).toISOString(), fields: opened ?? this.vault.open(row.id, row.wrapped, row.sealed) };
  }

  // One transaction for each create; with --group one for all that are waiting.
  save(row) {
    if (!o.group) {
      this.store.write(() => this.store.add(row));
      return undefined;
    }
    return new Promise((done, fail) => {
      if (this.queue.push({ row, done, fail }) === 1) setImmediate(() => this.saveAll());
    });
  }

  saveAll() {
    const all = this.queue;
    this.queue = [];
    try {
      this.store.write(() => { for (const one of all) this.store.add(one.row); });
      for (const one of all) one.done();
    } catch (e) {
      for (const one of all) one.fail(e);
    }
  }

  async create(who, value) {
    const id = uuid7(), at = Date.now();
    const row = { id, who, at, version: 1, created: at, updated: at, due: at + KEEP, email: this.vault.token('email', value.email), ...this.vault.seal(id, value) };
    await this.save(row);
    return this.show(row, value);
  }

  many(who, rows, limit) {
    const more = rows.length > limit, shown = more ? rows.slice(0, limit) : rows;
    this.note(who, shown);
    return { items: shown.map((r) => this.show(r)), next: more ? idText(shown[limit - 1].id) : null };
  }

  stop() {
    clearInterval(this.timer);
    this.flush();
    this.store.close();
  }
}

function routes(app, s) {
  app.decorateRequest('who', '');
  app.addHook('onRequest', async (req, reply) => {
    req.who = s.caller(req.headers.authorization);
    if (!req.who) return reply.code(401).send({ error: 'a token is needed' });
  });
  app.post('/v1/contacts/contact', { schema: { body: { type: 'object', additionalProperties: false, required: ['fields'], properties: { fields } }, response: { 201: person } } },
    async (req, reply) => { reply.code(201); return s.create(req.who, req.body.fields); });
  app.get('/v1/contacts/contact/:id', { schema: { params: byId, response: { 200: person } } }, async (req, reply) => {
    const row = s.store.get(idBytes(req.params.id));
    if (!row) return reply.code(404).send({ error: 'there is no such person' });
    s.note(req.who, [row]);
    return s.show(row);
  });
  app.post('/v1/contacts/contact/search', { schema: { response: { 200: page }, body: { type: 'object', additionalProperties: false, required: ['where'], properties: {
    where: { type: 'object', additionalProperties: false, required: ['email'], properties: { email: { type: 'string', maxLength: 254 } } }, limit: { type: 'integer', minimum: 1, maximum: 1000, default: 50 } } } } },
  async (req) => s.many(req.who, s.store.find(s.vault.token('email', req.body.where.email), req.body.limit + 1), req.body.limit));
  app.get('/v1/contacts/contact', { schema: { response: { 200: page }, querystring: { type: 'object', properties: { limit: { type: 'integer', minimum: 1, maximum: 1000, default: 50 }, cursor: byId.properties.id } } } },
    async (req) => s.many(req.who, s.store.list(req.query.cursor ? idBytes(req.query.cursor) : Buffer.alloc(0), req.query.limit + 1), req.query.limit));
}

async function serve() {
  const s = new Service();
  const app = Fastify({ logger: false, keepAliveTimeout: 75000 });
  routes(app, s);
  await app.listen(o.socket ? { path: o.socket } : { port: Number(o.port), host: '127.0.0.1' });
  const stop = async () => { await app.close(); s.stop(); process.exit(0); };
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
}

function token() {
  const t = crypto.randomBytes(32).toString('base64url');
  const s = new Store(path.join(o.data, 'peer.db'), true);
  s.token(hash(t), 'token 1');
  s.close();
  console.log(t);
}

function parent() {
  new Service().stop();                      // keys and tables are there before the first worker asks for them
  for (let i = 0; i < workers; i++) cluster.fork();
  process.on('SIGTERM', () => { for (const w of Object.values(cluster.workers)) w.process.kill('SIGTERM'); });
  cluster.on('exit', () => { if (Object.keys(cluster.workers).length === 0) process.exit(0); });
}

if (o.data === undefined) {
  console.error('server.mjs: --data DIR is needed');
  process.exit(2);
}
fs.mkdirSync(o.data, { recursive: true, mode: 0o700 });
if (o.token) token();
else if (workers > 1 && cluster.isPrimary) parent();
else await serve();
