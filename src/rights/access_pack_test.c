/* access_pack_test.c — an archive holds all of one person and nothing of another; whoever changes a byte of it is found out. */
#include "rights/access_pack.c"

#include <fcntl.h>
#include <sys/stat.h>

#include "records/post.h"
#include "rights/testshop.h"

struct taken { int fd; size_t most, got; };
static bool take(void *arg, const void *bytes, size_t len) {
    struct taken *t = arg;
    t->got += len;
    return t->got <= t->most && write(t->fd, bytes, len) == (ssize_t)len;
}

struct wish { const char *email; enum pack_purpose purpose; enum lang lang; const struct caller *who; bool only_seen; size_t most; };

static void notice_say(void *arg, int kind, enum lang lang, struct buf *ret) {
    (void)arg;
    buf_printf(ret, "<p>notice %d %s</p>\n", kind, lang_code(lang));
}

static enum code packed(struct bed *b, const struct wish *w, const struct subject *about, char path[32], struct packed *ret) {
    const struct caller owner = bed_role(b, b->tenant, "owner");
    const struct pack_job job = { .purpose = w->purpose, .about = about, .who = w->who != NULL ? w->who : &owner, .only_seen = w->only_seen, .tenant_name = "Kwiaciarnia Żonkil", .lang = w->lang,
                                  .now = clock_now(), .notice = notice_say };
    memcpy(path, "/tmp/sejf-pack-XXXXXX", 22);
    struct taken t = { .fd = mkostemp(path, O_CLOEXEC), .most = w->most > 0 ? w->most : SIZE_MAX };
    CHECK(t.fd >= 0);
    enum code code = access_pack_write(b->service, b->tenant, &job, &(struct sink){ take, &t }, ret, &b->e);
    CHECK(close(t.fd) == 0);
    return code;
}

/* Its letter is looked at on paper where SEJF_PAPERS names a directory. */
static void cover_kept(const char *path, const char *name) {
    static const char program[] = "import sys,zipfile; open(sys.argv[2],'wb').write(zipfile.ZipFile(sys.argv[1]).read('cover.pdf'))";
    const char *directory = getenv("SEJF_PAPERS");
    char to[256];
    int status = -1;
    if (directory == NULL)
        return;
    snprintf(to, sizeof to, "%s/%s.pdf", directory, name);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("python3", "python3", "-c", program, path, to, (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static enum code of_email(struct bed *b, const struct wish *w, char path[32], struct packed *ret) {
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct subject s;
    CHECK_OK(subject_find(b->service, b->tenant, &(struct subject_wish){ .email = w->email }, arena, &s, &b->e), &b->e);
    return packed(b, w, &s, path, ret);
}

static enum code verified(const char *path, const uint8_t *public, struct pack_check *ret, struct err *e) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0);
    enum code code = access_pack_verify(fd, public, ret, e);
    CHECK(close(fd) == 0);
    return code;
}

/* What python's own reader says of it: a program that prints nothing when all is as it should be. */
static void python(const char *path, const char *program) {
    AUTO(buf_done) struct buf whole = BUF(1 << 16);
    int status = -1;
    buf_printf(&whole, "import sys,json,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nn=z.namelist()\ndef j(f): return json.loads(z.read(f))\n"
                       "all=b''.join(z.read(f) for f in n if f!='cover.pdf').decode()\n%s\n", program);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("python3", "python3", "-c", buf_str(&whole), path, (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(everything_of_one_person_and_nothing_of_another) {
    struct bed b;
    struct packed done;
    struct pack_check check;
    char path[32];
    uint8_t public[PUBLIC_SIZE];
    bed_start(&b, shop);
    place(&b);
    CHECK_OK(of_email(&b, &(struct wish){ .email = "ewa@people.example", .lang = LANG_PL }, path, &done), &b.e);
    CHECK(done.records == 4 && done.others == 1 && done.files == 0 && done.damaged == 0);
    CHECK_OK(keeper_public(b.keeper, public, &b.e), &b.e);
    CHECK_OK(verified(path, public, &check, &b.e), &b.e);
    CHECK_TEXT(check.service, "shop");
    CHECK_TEXT(check.purpose, "access");
    python(path, "assert n[0]=='cover.pdf' and n[-2:]==['manifest.txt','signature.json'],n\n"
                 "for f in ['about.html','pack.json','records/order.json','records/order.csv','schema/order.json','records/bill.json','records/scan.json','records/question.json',\n"
                 "          'others/order.json','choices.json','who_looked.json']: assert f in n,f\n"
                 "assert not any('carrier' in f for f in n),n\n"
                 "o=j('records/order.json'); assert len(o['records'])==1 and o['records'][0]['fields']['email']=='ewa@people.example' and o['records'][0]['fields']['phone']=='+48600300400',o\n"
                 "assert o['records'][0]['kept'][0]['until'] and o['labels']['name'],o\n"
                 "assert j('records/question.json')['records'][0]['fields']['text']=='When?'\n"
                 "g=j('others/order.json')['records'][0]['fields']; assert g=={'gift_email':'ewa@people.example'},g\n"
                 "for who in ['ola@','adam@','Another','Jan Sowa','+48600100200']: assert who not in all,who\n"
                 "assert '<p>notice' in z.read('about.html').decode() and j('pack.json')['records']=={'order':1,'bill':1,'scan':1,'question':1}\n"
                 "import csv,io\nrows=list(csv.reader(io.StringIO(z.read('records/order.csv').decode('utf-8-sig'))))\nassert len(rows)==2 and rows[0][0]=='id' and '(email)' in rows[0][4],rows\n"
                 "import subprocess\n"
                 "c=z.read('cover.pdf'); assert c[:5]==b'%PDF-'");
    CHECK(unlink(path) == 0);
    bed_end(&b);
}

TEST(its_letter_is_set_in_each_language) {
    static const char *const names[LANG_COUNT][2] = { [LANG_EN] = { "cover-en", "cover-20-en" }, [LANG_PL] = { "cover-pl", "cover-20-pl" }, [LANG_HU] = { "cover-hu", "cover-20-hu" } };
    struct bed b;
    struct packed done;
    char path[32];
    bed_start(&b, shop);
    place(&b);
    for (int lang = 0; lang < LANG_COUNT; lang++)
        for (int purpose = 0; purpose < PACK_PURPOSES; purpose++) {
            CHECK_OK(of_email(&b, &(struct wish){ .email = "ewa@people.example", .purpose = (enum pack_purpose)purpose, .lang = (enum lang)lang }, path, &done), &b.e);
            cover_kept(path, names[lang][purpose]);
            python(path, "import subprocess\nopen(sys.argv[1]+'.pdf','wb').write(z.read('cover.pdf'))\nt=subprocess.run(['pdftotext',sys.argv[1]+'.pdf','-'],capture_output=True).stdout.decode()\n"
                         "import os; os.unlink(sys.argv[1]+'.pdf')\n"
                         "assert 'Kwiaciarnia Żonkil' in t and 'Prezes Urzędu Ochrony Danych Osobowych' in t and '00-014' in t,t");
            CHECK(unlink(path) == 0);
        }
    bed_end(&b);
}

TEST(what_the_person_gave_goes_on_in_plain_names) {
    struct bed b;
    struct packed done;
    char path[32];
    bed_start(&b, shop);
    place(&b);
    CHECK_OK(of_email(&b, &(struct wish){ .email = "ewa@people.example", .purpose = PACK_PORTABILITY, .lang = LANG_HU }, path, &done), &b.e);
    CHECK(done.records == 3 && done.others == 0);          /* a bill rests on a law */
    python(path, "assert not any(f.startswith('others') or 'bill' in f or f in ('about.html','who_looked.json','choices.json') for f in n),n\n"
                 "o=j('records/order.json'); assert set(o)=={'kind','records'} and 'kept' not in o['records'][0] and set(o['records'][0]['fields'])=={'name','email','phone'},o\n"
                 "s=j('schema/order.json'); assert s['$schema'].endswith('2020-12/schema') and s['properties']['records']['items']['properties']['fields']['properties']['email']['format']=='email',s\n"
                 "assert z.read('records/order.csv').decode().split('\\r\\n')[0]=='id,created,due,name,email,phone,gift_email'");
    CHECK(unlink(path) == 0);
    bed_end(&b);
}

/* A private link shows what who_sees lets it, and no record that hangs on nothing of its own. */
TEST(a_link_gives_what_it_shows) {
    struct bed b;
    struct packed done;
    struct subject s;
    char path[32];
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    bed_start(&b, shop);
    struct placed at = place(&b);
    const struct caller link = { .tenant = b.tenant, .person = charter_person(b.charter, "buyer"), .token = 3, .by_link = true, .subject_kind = charter_kind(b.charter, "order"), .subject = at.order };
    CHECK_OK(subject_near(b.service, b.tenant, link.subject_kind, &at.order, arena, &s, &b.e), &b.e);
    CHECK_OK(packed(&b, &(struct wish){ .who = &link, .only_seen = true }, &s, path, &done), &b.e);
    python(path, "assert 'records/order.json' in n and 'records/bill.json' in n and not any('question' in f or f.startswith('others') for f in n),n\n"
                 "assert j('records/scan.json')['records']==[],'who_sees grants no scan'\n"
                 "assert 'ola@' not in all and 'When?' not in all");
    CHECK(unlink(path) == 0);
    bed_end(&b);
}

static void swap_byte(const char *path, off_t at) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char c = 0;
    CHECK(fd >= 0 && pread(fd, &c, 1, at) == 1);
    c = (char)(c ^ 1);
    CHECK(pwrite(fd, &c, 1, at) == 1 && close(fd) == 0);
}

/* Python makes archives of its own from this one: a file changed, added, left out, the manifest mended to fit, another key. */
TEST(whoever_changes_it_is_found_out) {
    static const struct { const char *change, *says; } rows[] = {
        { "f['records/order.json']=f['records/order.json'].replace(b'Ewa',b'Eva')", "records/order.json: it is not the file that was signed" },
        { "f['more.txt']=b'x'", "more.txt: it lies in the archive and was not signed" },
        { "del f['about.html']", "about.html: the manifest names it and it is not there" },
        { "del f['signature.json']", "signature.json: it is missing" },
        { "f['manifest.txt']=f['manifest.txt']+hashlib.sha256(b'x').hexdigest().encode()+b'  more.txt\\n'; f['more.txt']=b'x'", "signature.json: the signature is not one of this manifest" },
        { "f['manifest.txt']=b'nothing\\n'", "manifest.txt: a line of it is none of a manifest" },
        { "s=json.loads(f['signature.json']); s['made']='2020-01-01T00:00:00Z'; f['signature.json']=json.dumps(s).encode()", "signature.json: it names another service, purpose or time" },
        { "s=json.loads(f['signature.json']); s['purpose']='portability'; f['signature.json']=json.dumps(s).encode()", "signature.json: it names another service, purpose or time" },
        { "s=json.loads(f['signature.json']); s['purpose']='closing'; f['signature.json']=json.dumps(s).encode()", "signature.json: the signature is not one of this manifest" },
        { "s=json.loads(f['signature.json']); s['service']='other'; f['signature.json']=json.dumps(s).encode()", "signature.json: it names another service, purpose or time" },
        { "f['manifest.txt']=b'# '+f['manifest.txt'][2:].replace(b' access ',b' portability ',1)", "signature.json: the signature is not one of this manifest" },
        { "f['manifest.txt']=f['manifest.txt']+b'# more\\n'", "manifest.txt: a line of it is none of a manifest" },
        { "s=json.loads(f['signature.json']); s['public_key']='00'*32; f['signature.json']=json.dumps(s).encode()", "signature.json: the signature is not one of this manifest" },
    };
    struct bed b;
    struct packed done;
    struct pack_check check = { .files = 99 };
    char path[32], other[64];
    uint8_t wrong[PUBLIC_SIZE] = { 1 };
    bed_start(&b, shop);
    place(&b);
    CHECK_OK(of_email(&b, &(struct wish){ .email = "ewa@people.example" }, path, &done), &b.e);
    CHECK_CODE(verified(path, wrong, &check, &b.e), E_DAMAGED, &b.e);
    CHECK(strstr(b.e.text, "another key") != NULL && check.files == 99);
    snprintf(other, sizeof other, "%s.zip", path);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO(buf_done) struct buf program = BUF(8192);
        buf_printf(&program, "import hashlib\nf={m:z.read(m) for m in n}\n%s\nw=zipfile.ZipFile(sys.argv[1]+'.zip','w')\nfor m in f: w.writestr(m,f[m])\nw.close()", rows[i].change);
        python(path, buf_str(&program));
        CHECK_CODE(verified(other, NULL, &check, &b.e), E_DAMAGED, &b.e);
        if (strstr(b.e.text, rows[i].says) == NULL)
            fprintf(stderr, "row %zu: %s\n", i, b.e.text);
        CHECK(strstr(b.e.text, rows[i].says) != NULL);
    }
    CHECK(unlink(other) == 0);
    swap_byte(path, 2000);                     /* of the letter */
    CHECK_CODE(verified(path, NULL, &check, &b.e), E_DAMAGED, &b.e);
    CHECK(truncate(path, 1000) == 0);
    CHECK_CODE(verified(path, NULL, &check, &b.e), E_DAMAGED, &b.e);
    CHECK(unlink(path) == 0);
    bed_end(&b);
}

static enum code letter_write(struct txn *t, void *arg, struct err *e) { return post_put(t, arg, e); }
static void letter_to(struct bed *b, const char *to, const char *text) {
    const struct post p = { .cause = "test", .to = to, .lang = LANG_EN, .subject = "A letter", .text = text, .until = USEC_NEVER };
    AUTO(post_ready_done) struct post_ready ready = { 0 };
    CHECK_OK(post_seal(b->service, b->tenant, &p, &ready, &b->e), &b->e);
    CHECK_OK(store_write(b->store, b->tenant, letter_write, &ready, &b->e), &b->e);
}

TEST(letters_that_wait_are_in_it) {
    struct bed b;
    struct packed done;
    char path[32];
    bed_start(&b, shop);
    place(&b);
    for (int i = 0; i < 40; i++)               /* more than are looked at together */
        letter_to(&b, "ola@people.example", "To somebody else");
    letter_to(&b, "Ewa@people.example", "To her: https://sejf.example/r/shop/1/abcdefghijklmnopqrstuvwxyz0123456789ABCDE-_\nby 7 May.");
    for (int i = 0; i < 40; i++)
        letter_to(&b, "ola@people.example", "To somebody else");
    CHECK_OK(of_email(&b, &(struct wish){ .email = "ewa@people.example" }, path, &done), &b.e);
    python(path, "m=j('messages.json'); assert len(m['waiting'])==1 and m['waiting'][0]['text']=='To her: https://sejf.example/r/shop/1/…\\nby 7 May.' and m['more'] is False,m\nassert 'somebody else' not in all");
    CHECK(unlink(path) == 0);
    bed_end(&b);
}

static enum code count_keys(void *arg, const key_id *keys, size_t count, struct err *e) {
    (void)keys;
    (void)e;
    *(size_t *)arg += count;
    return OK;
}

TEST(an_empty_pack_is_a_pack_and_a_reader_may_go) {
    struct bed b;
    struct packed done;
    struct pack_check check;
    char path[32];
    size_t keys = 0;
    bed_start(&b, shop);
    place(&b);
    CHECK_OK(of_email(&b, &(struct wish){ .email = "nobody@people.example", .lang = LANG_EN }, path, &done), &b.e);
    CHECK(done.records == 0);
    CHECK_OK(verified(path, NULL, &check, &b.e), &b.e);
    CHECK(unlink(path) == 0);
    CHECK_CODE(of_email(&b, &(struct wish){ .email = "ewa@people.example", .most = 3000 }, path, &done), E_PEER, &b.e);
    CHECK(unlink(path) == 0);
    AUTO(arena_free) struct arena *arena = arena_new(REQUEST_MAX);
    struct subject s;
    const struct caller owner = bed_role(&b, b.tenant, "owner");
    CHECK_OK(subject_find(b.service, b.tenant, &(struct subject_wish){ .email = "ewa@people.example" }, arena, &s, &b.e), &b.e);
    const struct pack_job job = { .about = &s, .who = &owner, .now = clock_now(), .holds = count_keys, .holds_arg = &keys };
    struct taken t = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC), .most = SIZE_MAX };
    CHECK_OK(access_pack_write(b.service, b.tenant, &job, &(struct sink){ take, &t }, &done, &b.e), &b.e);
    CHECK(close(t.fd) == 0 && keys >= 5);      /* a part of each record */
    bed_end(&b);
}
