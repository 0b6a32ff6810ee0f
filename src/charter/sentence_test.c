/* sentence_test.c — rows of pattern and value, and what is captured or missed. */
#include "charter/sentence.c"
#include "base/test.h"

/* "name=text;…" of the captures, or "!at+width word: literals; wants" of the miss. */
static void try(const char *pattern, const char *value, struct buf *out) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct pattern *p = pattern_new(arena, pattern);
    const struct capture *list;
    size_t count;
    struct miss miss = { 0 };
    CHECK(p != NULL);
    if (pattern_match(p, arena, value, &list, &count, &miss)) {
        for (size_t i = 0; i < count; i++)
            buf_printf(out, "%s%s=%s@%d", i > 0 ? ";" : "", list[i].name, list[i].text, list[i].at);
        return;
    }
    buf_printf(out, "!%d+%d %s:", miss.at, miss.width, miss.word);
    for (size_t i = 0; i < miss.literal_count; i++)
        buf_printf(out, " %s", miss.literal[i]);
    for (size_t i = 0; i < miss.wanted_count; i++)
        buf_printf(out, " <%s>", miss.wanted[i]);
    if (miss.end)
        buf_text(out, " END");
}

TEST(matches_patterns) {
    static const struct { const char *pattern, *value, *want; } row[] = {
        { "within {span:t}", "within 60 minutes", "t=60 minutes@7" },
        { "within {span:t}[, losing at most {span:loss}]", "within 2 hours, losing at most 3 hours", "t=2 hours@7;loss=3 hours@31" },
        { "within {span:t}[, losing at most {span:loss}]", "within 2 hours", "t=2 hours@7" },
        { "kept {span:k}[, masked{=masked}]", "kept 30 days, masked", "k=30 days@5;masked=@0" },
        { "(a{=x}|b c{=y}|d) e", "b c e", "y=@0" },
        { "(a{=x}|b c{=y}|d) e", "d e", "" },
        { "x<, (a{=a}|b{=b})>", "x, b, a, b", "b=@0;a=@0;b=@0" },
        { "{names:f} of {name:k}<, {names:f} of {name:k}>", "a, b of c, d and e of f", "f=a, b@0;k=c@8;f=d and e@11;k=f@22" },
        { "no overlap of {names:who} and time", "no overlap of staff and time", "who=staff@14" },
        { "no overlap of {names:who} and time", "no overlap of staff and room and time", "who=staff and room@14" },
        { "{people:who}[, or first when free{=free}]", "client, the staff or security officer, or first when free", "who=client, the staff or security officer@0;free=@0" },
        { "{pace:p}[, kept {span:k}]", "2 times a day, kept 1 year", "p=2 times a day@0;k=1 year@20" },
        { "{pace:p}[, kept {span:k}]", "every day", "p=every day@0" },
        { "{pace:p}", "every 3 hours", "p=every 3 hours@0" },
        { "one of {options:o}", "one of a | b | c", "o=a | b | c@7" },
        { "{items:ring}", "firewall, tls and sign-in", "ring=firewall, tls and sign-in@0" },
        { "{items:attack}", "scan, credential stuffing, flood", "attack=scan, credential stuffing, flood@0" },
        { "law {text:law}", "law Ustawa o rachunkowości art. 74, ust. 1", "law=Ustawa o rachunkowości art. 74, ust. 1@4" },
        { "{decimal:n} % of every {item:period}", "99.98 % of every year", "n=99.98@0;period=year@17" },
        { "{codes:c}", "+48 +36", "c=+48 +36@0" },
        { "at most {decimal:n} {currency:c} a day", "at most 50 EUR a day", "n=50@8;c=EUR@11" },
        { "{date:a} to {date:b}", "2026-01-10 to 2027-01-10", "a=2026-01-10@0;b=2027-01-10@14" },
        { "{endpoint:e}", "cloud.host.example:8883", "e=cloud.host.example:8883@0" },
        { "x", "żółw x", "!0+4 żółw: x" },
        { "ł {span:t}", "ł 30 dais", "!2+2 30: <a duration such as `30 days`>" },
        { "within {span:t}[, losing]", "within 2 hours losing", "!15+6 losing: , END" },
        { "within {span:t}", "within", "!6+0 : <a duration such as `30 days`>" },
        { "within {span:t}", "within 0 days", "!7+1 0: <a duration such as `30 days`>" },
        { "within {span:t}", "within 1 days", "!7+1 1: <a duration such as `30 days`>" },
        { "(keep|erase) {name:k}", "kepe x", "!0+4 kepe: keep erase" },
        { "{item:period}", "decade", "!0+6 decade: day month quarter year" },
        { "{date:a}", "2026-02-30", "!0+10 2026-02-30: <a date such as `2026-11-22`>" },
        { "{host:h}", "nodots", "!0+6 nodots: <a host such as `api.host.example`>" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(4096);
        try(row[i].pattern, row[i].value, &out);
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
}

TEST(steps_through_lists) {
    static const struct { enum capture_type type; const char *text, *want; } row[] = {
        { C_NAMES, "a, b and c", "a@0+1 b@3+1 c@9+1 " },
        { C_PEOPLE, "client, the staff or the security officer", "client@0+6 staff@12+5 security_officer@25+16 " },
        { C_PERSON, "the tenant", "tenant@4+6 " },
        { C_OPTIONS, "open | closed", "open@0+4 closed@7+6 " },
        { C_ITEMS, "scan, credential stuffing and flood", "scan@0+4 credential stuffing@6+19 flood@30+5 " },
        { C_CODES, "+48 +36", "+48@0+3 +36@4+3 " },
        { C_HOSTS, "a.example, b.example", "a.example@0+9 b.example@11+9 " },
    };
    AUTO(arena_free) struct arena *arena = arena_new(1 << 16);
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(512);
        struct capture c = { .type = row[i].type, .text = row[i].text };
        size_t step = 0;
        int at, width;
        for (const char *name; (name = capture_next(&c, arena, &step, &at, &width)) != NULL;)
            buf_printf(&out, "%s@%d+%d ", name, at, width);
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
}

TEST(reads_paces) {
    struct span per;
    int times;
    CHECK(capture_pace(&(struct capture){ .text = "every 3 hours" }, &times, &per) && times == 1 && per.hours == 3);
    CHECK(capture_pace(&(struct capture){ .text = "every day" }, &times, &per) && times == 1 && per.days == 1);
    CHECK(capture_pace(&(struct capture){ .text = "2 times a day" }, &times, &per) && times == 2 && per.days == 1);
    CHECK(!capture_pace(&(struct capture){ .text = "often" }, &times, &per));
}

TEST(says_patterns_for_people_and_schemas) {
    AUTO(buf_done) struct buf out = BUF(4096);
    pattern_usage("within {span:t}[, losing at most {span:loss}{=x}]<, {name:n}> ({item:period}|a)", &out);
    CHECK_TEXT(buf_str(&out), "within DURATION[, losing at most DURATION][, NAME] ((day|month|quarter|year)|a)");
    buf_cut(&out, 0);
    pattern_regex("{int:n} times[, a+b{=x}]<, ({name:a}|c)>", &out);
    CHECK_TEXT(buf_str(&out), "[0-9]{1,9} times(?:, a\\+b)?(?:, (?:[a-z][a-z0-9_]*|c))*");
}

TEST(refuses_endless_values_and_survives_no_memory) {
    AUTO(arena_free) struct arena *arena = arena_new(1 << 20);
    struct pattern *p = pattern_new(arena, "a<, a>");
    const struct capture *list;
    size_t count;
    struct miss miss = { 0 };
    static char many[3 * 700 + 1];
    for (size_t i = 0; i < 700; i++)
        memcpy(many + 3 * i, i < 699 ? "a, " : "a\0\0", 3);
    CHECK(!pattern_match(p, arena, many, &list, &count, &miss));
    AUTO(arena_free) struct arena *small = arena_new(64);
    CHECK(pattern_new(small, "a{name:x}b c d e f g h") == NULL);
}
