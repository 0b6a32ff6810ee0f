/* labels_test.c — every common word speaks three languages; a charter's own labels go before it; what nobody labels still
 * reads well; texts by language, their fallbacks and their mistakes. */
#include "charter/labels.c"
#include "base/test.h"

#include "charter/load.h"
#include "charter/sample.h"

TEST(every_common_word_is_whole_and_stands_once) {
    for (size_t i = 0; i < ARRAY_LEN(common); i++) {
        for (int l = 0; l < LANG_COUNT; l++)
            CHECK(common[i].words.in[l] != NULL && common[i].words.in[l][0] != 0);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(common[i].name, common[k].name) != 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(since); i++)
        for (int l = 0; l < LANG_COUNT; l++)
            CHECK(since[i].words.in[l] != NULL && since[i].words.in[l][0] != 0);
}

/* The sample with one line replaced by another text. */
static struct charter *sample(const char *line, const char *by, struct buf *ret_findings) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1 << 20);
    struct charter *c = NULL;
    struct err e;
    const char *at = strstr(sample_text, line);
    CHECK(at != NULL);
    buf_add(&text, sample_text, (size_t)(at - sample_text));
    buf_text(&text, by);
    buf_text(&text, at + strlen(line));
    enum code code = charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e);
    findings_print(f, ret_findings);
    CHECK(code == OK || c == NULL);
    return c;
}

static const struct kind *registration(const struct charter *c) { return charter_kind_at(c, charter_kind(c, "registration")); }

TEST(own_labels_go_before_common_words_and_those_before_names) {
    AUTO(buf_done) struct buf said = BUF(1 << 16);
    AUTO(charter_free) struct charter *c = sample("tenant: organiser\n",
        "labels:\n  registration: {en: sign-up, pl: zapis, hu: nevezés}\n  door: {pl: bramkarz}\n  email: e-mail\ntenant: organiser\n", &said);
    CHECK_TEXT(buf_str(&said), "");
    const struct kind *k = registration(c);
    const struct field *f = &k->fields[kind_field(k, "email")], *name = &k->fields[kind_field(k, "name")];
    static const char *const want[LANG_COUNT] = { "sign-up", "zapis", "nevezés" };
    for (int l = 0; l < LANG_COUNT; l++) {
        CHECK_TEXT(k->label.in[l], want[l]);
        CHECK_TEXT(f->label.in[l], "e-mail");          /* a plain text is said in every language */
    }
    CHECK_TEXT(name->label.in[LANG_HU], "név");
    CHECK_TEXT(label_find(c, NULL, "door", LANG_HU), "bramkarz");      /* no English: the first */
    AUTO(buf_done) struct buf shown = BUF(1024);
    CHECK(label_find(c, NULL, "shoe_size", LANG_PL) == NULL);
    label_say(&shown, c, NULL, "shoe_size", LANG_PL);
    CHECK_TEXT(buf_str(&shown), "shoe size");
    buf_cut(&shown, 0);
    CHECK(label_path(&shown, c, "event.ends", LANG_PL) && !label_path(&shown, c, "event.nothing", LANG_PL) && !label_path(&shown, c, "event", LANG_PL));
    CHECK_TEXT(buf_str(&shown), "koniec (wydarzenie)");
}

TEST(a_kind_calls_its_options_in_its_own_way) {
    AUTO(buf_done) struct buf said = BUF(1 << 16);
    AUTO(charter_free) struct charter *c = sample("    used_for: [running the event, answering questions]\n",
        "    used_for:\n      - {en: running the event, pl: prowadzenie wydarzenia}\n      - en: answers, one by one\n        hu: válaszok\n"
        "    labels:\n      waiting: {en: on the list, pl: na liście}\n      email: {pl: poczta}\n", &said);
    CHECK_TEXT(buf_str(&said), "");
    const struct kind *k = registration(c);
    const struct field *status = &k->fields[kind_field(k, "status")];
    CHECK_TEXT(label_option(status, "waiting", LANG_PL), "na liście");
    CHECK_TEXT(label_option(status, "waiting", LANG_HU), "on the list");
    CHECK_TEXT(label_option(status, "no option", LANG_HU), "no option");
    CHECK_TEXT(k->fields[kind_field(k, "email")].label.in[LANG_EN], "poczta");
    CHECK_INT(k->used_for_count, 2);
    CHECK_TEXT(k->used_for[0].in[LANG_PL], "prowadzenie wydarzenia");
    CHECK_TEXT(k->used_for[0].in[LANG_HU], "running the event");
    CHECK_TEXT(k->used_for[1].in[LANG_EN], "answers, one by one");
    CHECK_TEXT(k->used_for[1].in[LANG_HU], "válaszok");
}

TEST(grounds_and_titles_by_language) {
    AUTO(buf_done) struct buf said = BUF(1 << 16);
    AUTO(charter_free) struct charter *c = sample("title: {en: Sample, pl: Próbka, hu: Minta}\n", "title: Sample\n", &said);
    CHECK_TEXT(charter_title(c)->in[LANG_HU], "Sample");
    AUTO(charter_free) struct charter *d = sample("    because: contract with the organiser\n",
        "    because:\n      interest: {en: running it, pl: prowadzenie}\n", &said);
    CHECK_TEXT(buf_str(&said), "");
    CHECK_TEXT(registration(d)->because, "interest running it");
    CHECK_TEXT(registration(d)->ground.in[LANG_PL], "prowadzenie");
}

TEST(mistakes_in_texts_by_language) {
    static const struct { const char *line, *by, *want; } row[] = {
        { "title: {en: Sample, pl: Próbka, hu: Minta}\n", "title: {en: Sample, ph: Próbka}\n", "`ph` is not a language of sejf: write en, pl or hu" },
        { "title: {en: Sample, pl: Próbka, hu: Minta}\n", "title: {}\n", "No text stands here" },
        { "title: {en: Sample, pl: Próbka, hu: Minta}\n", "title:\n  en: [a, b]\n", "`en` holds more than a text: write it on one line" },
        { "tenant: organiser\n", "labels: {dite: diet}\ntenant: organiser\n", "Nothing of this charter is named `dite`" },
        { "    because: contract with the organiser\n", "    because: {law: x, interest: y}\n", "A record rests on one ground: keep `law`" },
        { "    because: contract with the organiser\n", "    because: contract with the organiser\n    labels: {emial: mail}\n", "`registration` has nothing named `emial`" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf said = BUF(1 << 16);
        AUTO(charter_free) struct charter *c = sample(row[i].line, row[i].by, &said);
        if (c != NULL || strstr(buf_str(&said), row[i].want) == NULL)
            fail_msg("row %zu: %s", i, buf_str(&said));
    }
}

TEST(titles_begin_with_a_capital) {
    static const struct { const char *from, *to; } row[] = {
        { "e-mail address", "E-mail address" }, { "étrend", "Étrend" }, { "żądany termin", "Żądany termin" }, { "", "" }, { "3 days", "3 days" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf b = BUF(256);
        label_title(&b, row[i].from);
        CHECK_TEXT(buf_str(&b), row[i].to);
    }
}
