// queue.mjs — what the tests of the queue share: a relay over bare sockets, and a tenant of the events charter that sends messages to the people of its records.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { until } from './lib.mjs';

// A relay over bare sockets, with PIPELINING. Each letter that came whole stands in `came`, by its Message-ID, as often as it came. `bend(to)` says what it does
// with a letter to that address: nothing, 'stall', 'reset', 'later', 'close', 'huge', 'nobody', 'hang' (at RCPT; `hangs` counts them), 'shut' (421), 'grey', 'slow', 'spam'. It lets in `most` connections at a time, and answers a letter after delay() ms.
export class Keeper {
  static async start(bend = () => null, most = Infinity) {
    const k = Object.assign(new Keeper(), { came: new Map(), bend, most, delay: () => 0, turned: 0, most_open: 0, hangs: 0, sockets: new Set() });
    k.server = net.createServer((s) => k.talk(s));
    await new Promise((done) => k.server.listen(0, '127.0.0.1', done));
    k.port = k.server.address().port;
    return k;
  }
  stop() { return new Promise((done) => { for (const s of this.sockets) s.destroy(); this.server.close(done); }); }
  settings() { return `mail: {relay: "localhost:${this.port}", tls: none, from: service@seats.example}\n`; }
  talk(s) {
    let text = '', data = false, to = '', deed = null, stalled = false;
    if (this.sockets.size >= this.most) { this.turned++; s.on('error', () => {}); s.end('421 4.7.0 too many connections\r\n'); return; }
    this.sockets.add(s);
    this.most_open = Math.max(this.most_open, this.sockets.size);
    s.setNoDelay(true);
    s.on('error', () => {}).on('close', () => this.sockets.delete(s));
    s.write('220 keeper\r\n');
    const go = () => {
      while (!stalled) {
        if (data) {
          if (deed === 'close') { s.destroy(); return; }
          const end = text.indexOf('\r\n.\r\n');
          if (end < 0) return;
          const id = (/^Message-ID: <(.*)@/mi.exec(text.slice(0, end)) || [])[1];
          text = text.slice(end + 5);
          data = false;
          this.came.set(id, (this.came.get(id) || 0) + 1);
          if (deed === 'stall') { stalled = true; return; }
          if (deed === 'huge') { s.write('250-'); for (let i = 0; i < 160; i++) s.write('x'.repeat(65536)); s.write('\r\n'); continue; }
          if (deed === 'spam') { this.came.delete(id); s.write('554 5.7.1 this looks like spam\r\n'); continue; }
          stalled = true;                                     // what is said behind the dot is answered behind its answer
          setTimeout(() => { s.write('250 2.0.0 kept\r\n'); stalled = false; go(); }, this.delay());
          return;
        }
        const at = text.indexOf('\r\n');
        if (at < 0) return;
        const line = text.slice(0, at), word = line.slice(0, 4).toLowerCase();
        text = text.slice(at + 2);
        if (word === 'ehlo') s.write('250-keeper\r\n250 PIPELINING\r\n');
        else if (word === 'rcpt') {
          to = (/<(.*?)>/.exec(line) || [])[1] || '';
          deed = this.bend(to);
          if (deed === 'reset') { s.resetAndDestroy(); return; }
          if (deed === 'shut') { s.end('421 4.7.0 not with this one\r\n'); return; }
          if (deed === 'hang') { stalled = true; this.hangs++; s.on('close', () => this.hangs--); return; }
          if (deed === 'grey' || deed === 'slow') { s.write(deed === 'grey' ? '450 4.7.1 Greylisted, come back in five minutes\r\n' : '450 4.7.1 try again later\r\n'); deed = 'later'; continue; }
          s.write(deed === 'later' ? '450 4.2.0 not now\r\n' : deed === 'nobody' ? `550 5.1.1 <${to}> no such user\r\n` : '250 ok\r\n');
        } else if (word === 'data') {
          if (deed === 'later' || deed === 'nobody') s.write('503 5.5.1 no recipient\r\n');
          else { data = true; s.write('354 go\r\n'); }
        } else if (word === 'quit') { s.end('221 bye\r\n'); return; } else s.write('250 ok\r\n');
      }
    };
    s.on('data', (d) => { text += d.toString('latin1'); go(); });
  }
}

export class Tenant {
  constructor(sejf, name) {
    this.sejf = sejf;
    this.number = sejf.tenant('events', name);
    this.token = sejf.token('events', this.number, 'organiser', '--expires', 'never');
    this.made = 0;
  }
  call(method, at, body, headers) { return this.sejf.call(method, at, { token: this.token, body, headers, timeout: 20000 }); }
  async event() {
    const r = await this.call('POST', '/v1/events/event', { fields: { title: 'Bieg', starts: '2027-06-01T08:00:00Z', ends: '2027-06-01T18:00:00Z', seats: '5000' } });
    assert.equal(r.status, 201, r.text);
    this.id = r.json.id;
    return this;
  }
  async people(addresses, phone = () => undefined) {
    return Promise.all(addresses.map(async (email, i) => {
      const r = await this.call('POST', '/v1/events/registration', { fields: { event: this.id, name: 'Ewa Lis', email, phone: phone(i) } });
      assert.equal(r.status, 201, r.text);
      return r.json.id;
    }));
  }
  // Until the server has answered; twice is once, by the key.
  async send(ids, channel = 'email') {
    const key = randomUUID(), subject = channel === 'email' ? 'News' : undefined, messages = ids.map((id) => ({ kind: 'registration', id, channel, subject, text: 'The race begins at 9.' }));
    const r = await until('an answer to a batch', async () => {
      const a = await this.call('POST', '/v1/events/messages/batch', { messages }, { 'idempotency-key': key }).catch(() => null);
      return a && a.status < 500 ? a : null;
    }, 60000, 50);
    assert.equal(r.status, 200, r.text);
    return r.json.items.map((i) => { assert.equal(i.status, 202, r.text); return i.id; });
  }
  async list() {
    const all = [];
    for (let next = ''; next !== null;) {
      const r = await this.call('GET', `/v1/events/messages?limit=1000${next && `&cursor=${next}`}`);
      assert.equal(r.status, 200, r.text);
      all.push(...r.json.items);
      next = r.json.next;
    }
    return all;
  }
}
