// smshub.mjs — doubles of two providers of text messages on this machine, which speak the formats that SMSAPI (smsapi.pl/docs) and SerwerSMS (dev.serwersms.pl, HTTPS API v2)
// document, and record everything. What happens to a message stands in its text: "cut" is taken and its answer cut off, and so on, the first time that it comes.
// It takes a message before() ms after it came, and answers delay() ms after that.
import fs from 'node:fs';
import https from 'node:https';
import { certificate } from './sink.mjs';

export class Hub {
  static async start(kind, directory, token) {
    const h = new Hub();
    Object.assign(h, { kind, token, calls: [], taken: [], seen: new Set(), stalled: [], broken: null, before: () => 0, delay: () => 0 });
    const made = certificate(directory);
    h.ca = made.cert;
    h.server = https.createServer({ key: fs.readFileSync(made.key), cert: fs.readFileSync(made.cert) }, (req, res) => {
      let body = '';
      req.on('data', (d) => { body += d; });
      req.on('end', () => h.answer(req, res, body === '' ? {} : JSON.parse(body)));
    });
    await new Promise((done) => h.server.listen(0, '127.0.0.1', done));
    h.port = h.server.address().port;
    return h;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  answer(req, res, body) {
    this.calls.push({ method: req.method, url: req.url, body });
    const say = (status, o) => { res.writeHead(status, { 'content-type': 'application/json' }); res.end(JSON.stringify(o)); };
    const signed = req.headers.authorization === `Bearer ${this.token}` && !this.broken;
    const fault = (status, code, message) => say(status, this.kind === 'smsapi' ? { error: code, message } : { error: { code, type: 'Error', message } });
    if (!signed) return fault(this.kind === 'smsapi' ? 401 : 200, this.kind === 'smsapi' ? 101 : 1001, 'Authorization failed');
    if (req.url === '/profile') return say(200, { username: 'seats', points: 41.5 });
    if (req.url === '/account/limits') return say(200, { items: [{ type: 'eco', value: '3' }, { type: 'full', chars_limit: 1500, value: '250' }] });
    if (req.url === '/messages/reports') {
      const of = this.taken.filter((m) => m.reference === body.unique_id);
      return say(200, { paging: { page: 1, count: of.length }, items: of.map((m) => ({ id: m.id, phone: m.to, status: 'sent' })) });
    }
    if (req.url !== '/sms.do' && req.url !== '/messages/send_sms') return say(404, {});
    setTimeout(() => this.message(body, res, (...a) => setTimeout(() => say(...a), this.delay()), fault), this.before());
    return undefined;
  }

  message(body, res, say, fault) {
    const smsapi = this.kind === 'smsapi', reference = smsapi ? body.idx : body.unique_id, text = smsapi ? body.message : body.text, to = smsapi ? `+${body.to}` : body.phone;
    const first = !this.seen.has(reference), word = first ? text.split(' ')[0] : '';
    this.seen.add(reference);
    if (word === 'slow') return fault(429, smsapi ? 203 : 4290, 'Too many requests');
    if (word === 'funds') return fault(200, smsapi ? 103 : 3002, 'Insufficient credits');
    if (word === 'number') return fault(200, smsapi ? 13 : 2001, `No correct number ${to}`);
    if (word === 'five') return say(500, {});
    if (word === 'stall') { this.stalled.push(res); return undefined; }
    if (smsapi && body.check_idx === '1' && this.taken.some((m) => m.reference === reference)) return fault(200, 53, 'Not unique idx');
    const id = `${1000 + this.taken.length}`;
    this.taken.push({ reference, text, to, id, body });
    if (word === 'cut') { res.socket.destroy(); return undefined; }
    if (word === 'half') { res.writeHead(200, { 'content-length': '1000' }); res.write('{"count"'); setTimeout(() => res.socket.destroy(), 50); return undefined; }
    return smsapi ? say(200, { count: 1, list: [{ id, points: 0.16, number: to.slice(1), status: 'QUEUE', error: null, idx: reference }] })
                  : say(200, { success: true, queued: 1, unsent: 0, items: [{ id, phone: to, status: 'queued', parts: 1 }] });
  }
}
