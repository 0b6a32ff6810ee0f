/* schema_test.c — the tables are keyed by tenant first, and so is every statement of this folder: the test reads
 * the string literals of its sources (macros of literals put in) and holds each statement to it. */
#include "store/schema.c"

#include <dirent.h>

#include "store/agreement.h"
#include "store/testbed.h"

/* What belongs to the instance and not to a tenant; a door is what finds the tenant of a public form. tenant_clock lists the tenants that have data, for start and upkeep. */
static const char *const instance_tables[] = { "name", "service", "tenant", "token", "proof", "tenant_clock", "owner", "door", "account", "member", "session", "link", "window_over",
    "letter_next", "closing", "notice_open", "request_clock", "charter_version", "consent_text", "webhook_next", "campaign_open" };
/* Upkeep over all tenants that no request can reach: emptying the index before it is built anew. */
static const char *const allowed[] = { "DELETE FROM found; DELETE FROM sorted; DELETE FROM doc; DELETE FROM reached" };

static bool of_instance(const char *table, size_t len) {
    for (size_t i = 0; i < ARRAY_LEN(instance_tables); i++)
        if (strlen(instance_tables[i]) == len && memcmp(instance_tables[i], table, len) == 0)
            return true;
    return false;
}

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }
static size_t word_len(const char *p) { return strspn(p, "abcdefghijklmnopqrstuvwxyz_"); }

/* Behind a table's name: the tenant must be the first thing asked. */
static bool asks_tenant(const char *rest) {
    if (starts(rest, " INDEXED BY ")) {
        rest += 12;
        rest += word_len(rest);
    }
    return starts(rest, " WHERE tenant = ?");
}

/* NULL: fine. Else what is wrong with the statement. */
static const char *wrong_with(const char *sql) {
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
        if (strcmp(sql, allowed[i]) == 0)
            return NULL;
    if (strstr(sql, " JOIN ") != NULL || strchr(sql, ';') != NULL || strchr(sql, '\'') != NULL || strchr(sql, '%') != NULL)
        return "joins, several statements, values or formats in the text";
    for (const char *p = strstr(sql, " FROM "); p != NULL; p = strstr(p, " FROM ")) {
        p += 6;
        size_t len = word_len(p);
        if (len == 0)
            return "reads from something that is no table";
        if (!of_instance(p, len) && !asks_tenant(p + len))
            return "reads a table of tenants without asking for the tenant first";
        if (p[len] == ',')
            return "joins";
    }
    if (starts(sql, "INSERT")) {
        const char *p = strstr(sql, " INTO ");
        size_t len = p != NULL ? word_len(p + 6) : 0;
        if (len == 0)
            return "inserts into nothing";
        p += 6 + len;
        if (of_instance(p - len, len))
            return NULL;
        const char *values = strstr(p, ") ");
        if (!starts(p, " (tenant, ") || values == NULL || (!starts(values, ") VALUES (?, ") && !starts(values, ") SELECT ?1, ")))
            return "inserts without the tenant as first value";
    }
    if (starts(sql, "UPDATE")) {
        const char *p = sql + (starts(sql, "UPDATE OR REPLACE ") ? 18 : 7), *where = strstr(sql, " WHERE ");
        if (!of_instance(p, word_len(p)) && (where == NULL || !starts(where, " WHERE tenant = ?")))
            return "changes rows without asking for the tenant first";
    }
    return NULL;
}

/* ---- reading sources ---- */

struct macro { char name[64], text[1024]; };
struct source { char *text; struct macro macros[16]; size_t macro_count; struct buf literal; size_t statements; };

/* The literal at *p (on its opening quote) goes to `to`; *p moves behind it. */
static void literal_read(const char **p, struct buf *to) {
    for (++*p; **p != '"'; ++*p) {
        CHECK(**p != 0 && **p != '\n');
        if (**p == '\\')
            ++*p;
        buf_char(to, **p);
    }
    ++*p;
}

static const char *skip_space(const char *p) {
    while (*p == ' ' || *p == '\n' || (*p == '\\' && p[1] == '\n'))
        p++;
    return p;
}

/* Literals and macros of literals that stand side by side are one text. */
static const char *run_read(struct source *s, const char *p, struct buf *to) {
    for (;;) {
        size_t len = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        if (*p == '"') {
            literal_read(&p, to);
        } else {
            size_t i = 0;
            while (i < s->macro_count && (strlen(s->macros[i].name) != len || memcmp(s->macros[i].name, p, len) != 0))
                i++;
            if (len == 0 || i == s->macro_count)
                return p;
            buf_text(to, s->macros[i].text);
            p += len;
        }
        p = skip_space(p);
    }
}

static const char *macro_read(struct source *s, const char *p) {
    p += 8;
    size_t len = strcspn(p, " (\n");
    const char *body = skip_space(p + len);
    if (p[len] != ' ' || *body != '"')
        return p;
    struct buf text = BUF(1000);
    struct macro *m = &s->macros[s->macro_count];
    CHECK(s->macro_count < ARRAY_LEN(s->macros) && len < sizeof m->name);
    memcpy(m->name, p, len);
    m->name[len] = 0;                        /* the macro of another file may have had a longer name */
    p = run_read(s, body, &text);
    snprintf(m->text, sizeof m->text, "%s", buf_str(&text));
    s->macro_count++;
    buf_done(&text);
    return p;
}

static void statement_check(struct source *s, const char *file, const char *sql) {
    static const char *const verbs[] = { "SELECT ", "INSERT ", "UPDATE ", "DELETE " };
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
        if (starts(sql, verbs[i])) {
            const char *wrong = wrong_with(sql);
            s->statements++;
            if (wrong != NULL)
                fprintf(stderr, "%s: %s:\n    %s\n", file, wrong, sql);
            CHECK(wrong == NULL);
        }
}

static void source_check(struct source *s, const char *file) {
    const char *p = s->text;
    s->macro_count = 0;
    while (*p != 0) {
        size_t name = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
        if (starts(p, "#define ")) {
            p = macro_read(s, p);
        } else if (starts(p, "/*")) {
            p = strstr(p, "*/") + 2;
        } else if (*p == '\'') {
            p += p[1] == '\\' ? 4 : 3;
        } else if (*p == '"' || (name > 2 && (p == s->text || p[-1] == ' ' || p[-1] == '('))) {
            buf_cut(&s->literal, 0);
            const char *behind = run_read(s, p, &s->literal);
            statement_check(s, file, buf_str(&s->literal));
            p = behind > p ? behind : p + name;
        } else {
            p++;
        }
    }
}

TEST(every_statement_of_this_folder_asks_for_the_tenant_first) {
    struct source s = { .literal = BUF(65536) };
    DIR *dir = opendir(STORE_SOURCE);
    CHECK(dir != NULL);
    size_t files = 0;
    for (struct dirent *d; (d = readdir(dir)) != NULL; ) {
        size_t len = strlen(d->d_name);
        char path[1024];
        if (len < 3 || strcmp(d->d_name + len - 2, ".c") != 0 || strstr(d->d_name, "_test") != NULL || strcmp(d->d_name, "schema.c") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", STORE_SOURCE, d->d_name);
        FILE *f = fopen(path, "re");
        s.text = mem_new(1 << 20);
        CHECK(f != NULL && fread(s.text, 1, (1 << 20) - 1, f) > 0);
        (void)fclose(f);
        source_check(&s, d->d_name);
        s.text = mem_free(s.text);
        files++;
    }
    (void)closedir(dir);
    CHECK(files >= 10 && s.statements >= 70);
    buf_done(&s.literal);
}

TEST(the_reader_sees_what_is_wrong) {
    static const struct { const char *sql; bool fine; } rows[] = {
        { "SELECT id FROM record WHERE tenant = ? AND kind = ?", true }, { "SELECT id FROM record WHERE kind = ? AND tenant = ?", false },
        { "SELECT id FROM record", false }, { "SELECT charter FROM service", true }, { "DELETE FROM part WHERE id = ?", false },
        { "SELECT id FROM record, part WHERE tenant = ?", false }, { "SELECT id FROM record JOIN part WHERE tenant = ?", false },
        { "SELECT 1 FROM claim INDEXED BY claim_holder WHERE tenant = ? AND kind = ?", true }, { "SELECT 1 FROM claim INDEXED BY claim_holder", false },
        { "UPDATE record SET version = 1 WHERE tenant = ?1 AND id = ?2", true }, { "UPDATE record SET tenant = 1 WHERE id = ?", false },
        { "INSERT INTO doomed (tenant, key) VALUES (?, ?)", true }, { "INSERT INTO doomed (key, tenant) VALUES (?, ?)", false },
        { "INSERT INTO doomed (tenant, key) VALUES (1, ?)", false }, { "INSERT INTO doomed (tenant, key) SELECT tenant, key FROM reply", false },
        { "SELECT a FROM record WHERE tenant = ?1 UNION ALL SELECT b FROM tombstone WHERE change = ?", false },
        { "SELECT id FROM record WHERE tenant = ? AND name = 'x'", false }, { "DELETE FROM found; DELETE FROM record", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK((wrong_with(rows[i].sql) == NULL) == rows[i].fine);
    struct source s = { .literal = BUF(1000) };
    s.text = mem_text("#define COLS \"SELECT a, \" \\\n \"b FROM service\"\nf(COLS \" WHERE x = ?\",\n \"SELECT c \"\n  \"FROM name\"); '\"' /* \"SELECT \" */ \"SELECT 1\"");
    source_check(&s, "here");
    CHECK(s.statements == 3 && s.macro_count == 1);
    CHECK_TEXT(s.macros[0].text, "SELECT a, b FROM service");
    s.text = mem_free(s.text);
    buf_done(&s.literal);
}

static void tables_check(struct db *db, struct err *e, size_t *ret_count) {
    struct stmt *s = NULL;
    bool row = false;
    CHECK_OK(db_prepare(db, "SELECT name, sql FROM sqlite_master WHERE type = 'table'", &s, e), e);
    while (stmt_step(s, &row, e) == OK && row) {
        const char *name = col_text(s, 0), *sql = col_text(s, 1);
        char key[96];
        snprintf(key, sizeof key, "CREATE TABLE %s (tenant INTEGER NOT NULL", name);
        CHECK(strstr(sql, ") STRICT, WITHOUT ROWID") != NULL);
        ++*ret_count;
        if (of_instance(name, strlen(name)))
            continue;
        CHECK(starts(sql, key));
        CHECK(strstr(sql, "PRIMARY KEY (tenant, ") != NULL || strstr(sql, "(tenant INTEGER NOT NULL PRIMARY KEY") != NULL);
    }
    CHECK_OK(db_prepare(db, "SELECT tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL", &s, e), e);
    while (stmt_step(s, &row, e) == OK && row) {
        const char *open = strchr(col_text(s, 1), '(');
        CHECK(of_instance(col_text(s, 0), strlen(col_text(s, 0))) || starts(open, "(tenant, "));
    }
}

/* Tenants that held records before agreements were asked for have one that nobody recorded; others have none. */
TEST(a_tenant_that_holds_records_goes_on_without_an_agreement) {
    AUTO(db_close) struct db *db = NULL;
    struct err e;
    struct stmt *s;
    bool row = false;
    char path[] = "/tmp/sejf-step-XXXXXX";
    size_t before = 0;
    int fd = mkstemp(path);
    CHECK(fd >= 0 && close(fd) == 0);
    while (strstr(records_steps[before].sql, "CREATE TABLE agreement ") == NULL)
        before++;
    CHECK_OK(db_open(&(struct db_options){ .path = path, .create = true }, &db, &e), &e);
    CHECK_OK(db_migrate(db, records_steps, before, &e), &e);
    CHECK_OK(db_script(db, "INSERT INTO tenant VALUES (1, 'a', 'full', 0, 5, 0), (2, 'a', 'empty', 0, 5, 0), (3, 'a', 'probe', 1, 5, 0), (4, 'a', 'closed', 0, 5, 9), (5, 'b', 'new', 0, 5, 0);"
                           "INSERT INTO tenant_clock VALUES (1, 9, 3), (2, 9, 0), (3, 9, 4), (4, 9, 4)", &e), &e);
    CHECK_OK(db_migrate(db, records_steps, ARRAY_LEN(records_steps), &e), &e);
    CHECK_OK(db_prepare(db, "SELECT group_concat(tenant || ':' || kind || ':' || state), min(made) FROM agreement WHERE until IS NULL", &s, &e), &e);
    CHECK_OK(stmt_step(s, &row, &e), &e);
    CHECK(row && col_int(s, 1) > 0);
    CHECK_TEXT(col_text(s, 0), "1:" AGREEMENT_UNRECORDED ":1");
    stmt_end(s);
    db = db_close(db);
    for (size_t i = 0; i < 3; i++) {
        static const char *const tails[] = { "", "-wal", "-shm" };
        char file[64];
        snprintf(file, sizeof file, "%s%s", path, tails[i]);
        (void)unlink(file);
    }
}

TEST(every_table_and_index_of_tenants_is_keyed_by_tenant_first) {
    struct bed b;
    size_t count = 0;
    bed_start(&b);
    tables_check(b.store->writer.sql.records, &b.e, &count);         /* the thread sleeps */
    CHECK_INT(count, 72);
    tables_check(b.store->writer.sql.index, &b.e, &count);
    CHECK_INT(count, 77);
    bed_end(&b);
}
