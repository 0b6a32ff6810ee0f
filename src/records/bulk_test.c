/* bulk_test.c — imports, exports and files over a real store and keeper. */
#include "records/import.c"
#include "records/testbed.h"
#include "records/testcharters.h"

struct text_in { const char *at; size_t left; };
static ssize_t text_read(void *arg, void *ret, size_t room) {
    struct text_in *t = arg;
    size_t n = t->left < room ? t->left : room;
    memcpy(ret, t->at, n);
    t->at += n;
    t->left -= n;
    return (ssize_t)n;
}
static bool text_write(void *arg, const void *bytes, size_t len) {
    buf_add(arg, bytes, len);
    return true;
}

static enum code import_text(struct bed *b, const struct caller *who, const char *kind, enum stream_format format, json_t *mapping, const char *text, struct buf *said) {
    struct text_in t = { text, strlen(text) };
    buf_cut(said, 0);
    enum code code = records_import(b->service, who, charter_kind(b->charter, kind), format, mapping, &(struct source){ text_read, &t }, &(struct sink){ text_write, said }, &b->e);
    json_decref(mapping);
    return code;
}

static void event_make(struct bed *b, const struct caller *boss, int seats, char ret[UUID_TEXT]) {
    json_t *event = NULL;
    CHECK_OK(bed_make(b, boss, "event", json_pack("{s:s,s:s,s:s,s:i}", "title", "Bieg", "starts", "2027-03-01T18:00:00Z", "ends", "2027-03-01T21:00:00Z", "seats", seats), &event), &b->e);
    memcpy(ret, text_at(event, "id", NULL), UUID_TEXT);
    json_decref(event);
}

TEST(times_of_other_programs_are_read) {
    static const struct { const char *foreign, *ours; } rows[] = {
        { "2024-11-17 10:29:00.253311 +0000 UTC", "2024-11-17T10:29:00.253311+00:00" },
        { "2024-11-17 10:29:00 +0100 CET", "2024-11-17T10:29:00+01:00" },
        { "2024-11-17 10:29:00 -0530", "2024-11-17T10:29:00-05:30" },
        { "2024-11-17T10:29:00Z", NULL }, { "2024-11-17 10:29:00", NULL }, { "2024-11-17 10:29:00 +01:00", NULL },
        { "2024-11-17 10:29:00 +0100x", NULL }, { "2024-11-17 10:29:00.2 +010", NULL }, { "", NULL },
    };
    char ours[FOREIGN_TIME_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool read = foreign_time(rows[i].foreign, strlen(rows[i].foreign), ours);
        CHECK_INT(read, rows[i].ours != NULL);
        if (read)
            CHECK_TEXT(ours, rows[i].ours);
    }
}

TEST(tables_with_foreign_headers_come_in) {
    struct bed b;
    char event[UUID_TEXT];
    AUTO(buf_done) struct buf said = BUF(1 << 20), out = BUF(1 << 20);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), door = bed_role(&b, b.tenant, "door");
    event_make(&b, &boss, 2, event);
    CHECK_OK(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:s, s:s, s:s, s:s}", "E-mail", "email", "Imię i nazwisko", "name", "Uwagi", "", "=event", event),
        "\xef\xbb\xbfImię i nazwisko;E-mail;Uwagi;Telefon\r\n"
        "\"Żak; Ewa\";ewa@poczta.example;\"dwa\r\nwiersze\";x\r\n"
        "Jan Nowak;jan@poczta;;\r\n"
        "Jan Nowak;JAN@poczta.example;;\r\n"
        "Jan Inny;jan@poczta.example;;\r\n"
        ";olga@poczta.example;;\r\n"
        "za mało kolumn\r\n"
        "Olga Lis;olga@poczta.example;;\r\n", &said), &b.e);
    CHECK_TEXT(buf_str(&said),
        "{\"line\":4,\"path\":\"/email\",\"text\":\"is not an e-mail address, such as name@domain.example\"}\n"
        "{\"line\":7,\"path\":\"/name\",\"text\":\"is needed\"}\n"
        "{\"line\":8,\"path\":\"\",\"text\":\"has another number of columns than the header\"}\n"
        "{\"line\":6,\"path\":\"/email\",\"text\":\"is already taken: there may be one record for each email\"}\n"
        "{\"made\":3,\"refused\":4}\n");
    CHECK_OK(records_export(b.service, &boss, charter_kind(b.charter, "registration"), FORMAT_CSV, NULL, NULL, &(struct sink){ text_write, &out }, &b.e), &b.e);
    CHECK(strstr(buf_str(&out), "\"Żak; Ewa\",ewa@poczta.example") != NULL && strstr(buf_str(&out), "accepted") != NULL && strstr(buf_str(&out), "waiting") != NULL);
    CHECK_OK(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:n, s:{s:s, s:{s:s}}, s:{s:s}}", "Lp", "Mail", "field", "email", "values",
        "(wpisany)", "lena@poczta.example", "*", "event", event), "Lp,Mail,name\n1,(wpisany),Lena Sowa\n2,ula@poczta.example,Ula Sowa\n", &said), &b.e);
    CHECK_TEXT(buf_str(&said), "{\"made\":2,\"refused\":0}\n");
    json_t *slip = json_pack("{s:{s:s}}", "wher", "name", "Ewa");
    CHECK_CODE(records_export(b.service, &boss, charter_kind(b.charter, "registration"), FORMAT_NDJSON, slip, NULL, &(struct sink){ text_write, &out }, &b.e), E_INVALID, &b.e);
    json_decref(slip);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:s}", "a", "ewa@poczta.example"), "a\nx\n", &said), E_INVALID, &b.e);
    CHECK(strchr(b.e.text, '@') == NULL);     /* a value that was put in the place of a name is not said again */
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:{s:s}}", "*", "ewa@poczta.example", "x"), "a\nx\n", &said), E_INVALID, &b.e);
    CHECK(strchr(b.e.text, '@') == NULL);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:i}", "a", 1), "a\nx\n", &said), E_INVALID, &b.e);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:{s:s,s:i}}", "a", "field", "name", "values", 1), "a\nx\n", &said), E_INVALID, &b.e);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:{s:s}}", "*", "nothing", "x"), "a\nx\n", &said), E_INVALID, &b.e);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, NULL, "name,what\nx,y\n", &said), E_INVALID, &b.e);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, json_pack("{s:s}", "a", "nothing"), "a\nx\n", &said), E_INVALID, &b.e);
    CHECK_CODE(import_text(&b, &boss, "registration", FORMAT_CSV, NULL, "", &said), E_INVALID, &b.e);
    CHECK_CODE(import_text(&b, &door, "registration", FORMAT_CSV, NULL, "name\nx\n", &said), E_FORBIDDEN, &b.e);
    bed_end(&b);
}

/* A good row, then nothing but bad ones for as long as it is read. */
struct bad_rows { const char *head; size_t rows; const struct buf *said; bool told; };
static ssize_t bad_read(void *arg, void *ret, size_t room) {
    static const char row[] = "x,y\n";
    struct bad_rows *r = arg;
    size_t n = 0;
    if (r->head != NULL) {
        n = strlen(r->head);
        memcpy(ret, r->head, n);
        r->head = NULL;
        return (ssize_t)n;
    }
    r->told = r->told || r->said->len > 0;
    for (; r->rows > 0 && room - n >= sizeof row - 1; r->rows--, n += sizeof row - 1)
        memcpy((char *)ret + n, row, sizeof row - 1);
    return (ssize_t)n;
}

TEST(refused_rows_are_told_as_they_come) {
    struct bed b;
    char event[UUID_TEXT];
    AUTO(buf_done) struct buf said = BUF(64 << 20);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, 2, event);
    json_t *mapping = json_pack("{s:s}", "=event", event);
    struct bad_rows rows = { .head = "name,email\nEwa,ewa@poczta.example\n", .rows = 300000, .said = &said };
    CHECK_OK(records_import(b.service, &boss, charter_kind(b.charter, "registration"), FORMAT_CSV, mapping, &(struct source){ bad_read, &rows }, &(struct sink){ text_write, &said }, &b.e), &b.e);
    CHECK(rows.told);
    CHECK(strstr(buf_str(&said), "{\"made\":1,\"refused\":300000}") != NULL);
    json_decref(mapping);
    bed_end(&b);
}

static size_t lines_of(const struct buf *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++)
        n += b->data[i] == '\n';
    return n;
}

#define MANY 2300
TEST(what_goes_out_comes_in_again) {
    struct bed b;
    char event[UUID_TEXT];
    AUTO(buf_done) struct buf said = BUF(1 << 20), text = BUF(4 << 20), out = BUF(4 << 20), again = BUF(4 << 20);
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser");
    event_make(&b, &boss, 100, event);
    for (int i = 0; i < MANY; i++)
        buf_printf(&text, "{\"event\":\"%s\",\"name\":\"=Osoba \\\"%d\\\"\",\"email\":\"o%d@poczta.example\",\"diet\":\"bez laktozy\",\"consents\":{\"diet\":true}}\n", event, i, i);
    buf_text(&text, "{\"event\":\"x\"\n[]\n{\"event\":\"\",\"nmae\":\"x\"}\n");
    CHECK_OK(import_text(&b, &boss, "registration", FORMAT_NDJSON, NULL, buf_str(&text), &said), &b.e);
    CHECK(strstr(buf_str(&said), "{\"made\":2300,\"refused\":3}\n") != NULL);
    for (int format = FORMAT_NDJSON; format <= FORMAT_CSV; format++) {
        json_t *got = NULL;
        buf_cut(&out, 0);
        CHECK_OK(records_export(b.service, &boss, charter_kind(b.charter, "registration"), (enum stream_format)format, NULL, NULL, &(struct sink){ text_write, &out }, &b.e), &b.e);
        CHECK_INT(lines_of(&out), MANY + (format == FORMAT_CSV));
        CHECK((strstr(buf_str(&out), "\"'=Osoba") != NULL) == (format == FORMAT_CSV));
        struct uuid id;
        CHECK(uuid_parse(event, &id));
        CHECK_OK(bed_erase(&b, &boss, "event", &id, &got), &b.e);
        CHECK_INT(json_integer_value(json_object_get(got, "registration")), MANY);
        json_decref(got);
        char old[UUID_TEXT];
        memcpy(old, event, sizeof old);
        event_make(&b, &boss, 100, event);
        buf_cut(&again, 0);                    /* into another event, under new ids */
        for (const char *p = out.data, *at; *p != 0; p = at + UUID_TEXT - 1) {
            at = strstr(p, old);
            if (at == NULL) {
                buf_text(&again, p);
                break;
            }
            buf_add(&again, p, (size_t)(at - p));
            buf_text(&again, event);
        }
        CHECK_OK(import_text(&b, &boss, "registration", (enum stream_format)format, json_pack("{s:s, s:s}", "id", "", "status", ""), buf_str(&again), &said), &b.e);
        CHECK(strstr(buf_str(&said), "{\"made\":2300,\"refused\":0}\n") != NULL);
    }
    bed_end(&b);
}

/* ---- files */
struct pattern_in { size_t left; unsigned seed; };
static ssize_t pattern_read(void *arg, void *ret, size_t room) {
    struct pattern_in *p = arg;
    size_t n = p->left < room ? p->left : room;
    n = n > 5000 ? 5000 : n;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)ret)[i] = (unsigned char)(p->seed = p->seed * 1103515245u + 12345u, p->seed >> 16);
    p->left -= n;
    return (ssize_t)n;
}
struct pattern_out { size_t got; unsigned seed; bool same; int begun; };
static bool pattern_write(void *arg, const void *bytes, size_t len) {
    struct pattern_out *p = arg;
    for (size_t i = 0; i < len; i++)
        p->same = p->same && ((const unsigned char *)bytes)[i] == (unsigned char)(p->seed = p->seed * 1103515245u + 12345u, p->seed >> 16);
    p->got += len;
    return true;
}
static bool pattern_begin(void *arg, const struct file_info *info) {
    struct pattern_out *p = arg;
    p->begun += info->size >= 0;
    return true;
}

static struct uuid file_id(const json_t *file) {
    struct uuid id;
    CHECK(uuid_parse(text_at(file, "id", NULL), &id));
    return id;
}

static void file_path_of(const struct bed *b, const struct uuid *id, char *ret, size_t room) {
    char text[UUID_TEXT];
    uuid_format(id, text);
    snprintf(ret, room, "%s/files/%.2s/%s", b->directory, text + 34, text);
}

TEST(files_of_every_size_come_back) {
    struct bed b;
    char event[UUID_TEXT], path[256];
    static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 300001 };
    bed_start(&b, events_charter);
    struct caller boss = bed_role(&b, b.tenant, "organiser"), stranger = bed_role(&b, b.other, "organiser"), door = bed_role(&b, b.tenant, "door");
    int kind = charter_kind(b.charter, "registration"), badge = kind_field(charter_kind_at(b.charter, kind), "badge");
    json_t *reg = NULL, *file = NULL, *got = NULL;
    struct uuid before = { { 0 } };
    struct file_info info;
    event_make(&b, &boss, 2, event);
    CHECK_OK(bed_make(&b, &boss, "registration", json_pack("{s:s,s:s,s:s}", "event", event, "name", "Ewa", "email", "ewa@poczta.example"), &reg), &b.e);
    struct uuid id = id_of(reg);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct pattern_in in = { sizes[i], 7 };
        struct pattern_out out = { 0, 7, true, 0 };
        CHECK_OK(file_store(b.service, &boss, kind, &id, badge, "C:\\x\\zdjęcie \"1\".png", i == 0 ? "bad type" : "image/png", &(struct source){ pattern_read, &in }, &file, &b.e), &b.e);
        struct uuid fid = file_id(file);
        CHECK_INT(json_integer_value(json_object_get(file, "size")), (json_int_t)sizes[i]);
        CHECK_OK(file_fetch(b.service, &boss, &fid, &info, pattern_begin, &(struct sink){ pattern_write, &out }, &b.e), &b.e);
        CHECK(out.same && out.got == sizes[i] && out.begun == 1);
        CHECK_TEXT(info.name, "zdjęcie _1_.png");
        CHECK_TEXT(info.type, i == 0 ? "application/octet-stream" : "image/png");
        if (i > 0) {                           /* the one before is gone, on disk too */
            CHECK_CODE(file_fetch(b.service, &boss, &before, &info, pattern_begin, &(struct sink){ pattern_write, &out }, &b.e), E_NOT_FOUND, &b.e);
            file_path_of(&b, &before, path, sizeof path);
            CHECK(access(path, F_OK) != 0);
        }
        CHECK_CODE(file_fetch(b.service, &stranger, &fid, &info, pattern_begin, &(struct sink){ pattern_write, &out }, &b.e), E_NOT_FOUND, &b.e);
        CHECK_CODE(file_fetch(b.service, &door, &fid, &info, pattern_begin, &(struct sink){ pattern_write, &out }, &b.e), E_NOT_FOUND, &b.e);
        before = fid;
        json_decref(file);
    }
    file_path_of(&b, &before, path, sizeof path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0 && lseek(fd, 70000, SEEK_SET) == 70000 && write(fd, "x", 1) == 1);
    struct pattern_out out = { 0, 7, true, 0 };
    CHECK_CODE(file_fetch(b.service, &boss, &before, &info, pattern_begin, &(struct sink){ pattern_write, &out }, &b.e), E_DAMAGED, &b.e);
    CHECK_INT(out.got, 65536);
    close(fd);
    CHECK_OK(bed_read(&b, &boss, "registration", &id, &got), &b.e);
    CHECK_TEXT(text_at(json_object_get(json_object_get(got, "fields"), "badge"), "name", NULL), "zdjęcie _1_.png");
    json_decref(got);
    CHECK_OK(file_erase(b.service, &boss, &before, &b.e), &b.e);
    CHECK(access(path, F_OK) != 0);
    CHECK_OK(bed_read(&b, &boss, "registration", &id, &got), &b.e);
    CHECK(json_object_get(json_object_get(got, "fields"), "badge") == NULL);
    json_decref(got);
    json_decref(reg);
    bed_end(&b);
}
