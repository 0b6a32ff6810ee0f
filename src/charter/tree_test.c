/* tree_test.c — rows of text and the tree or the mistakes that come of it. */
#include "charter/tree.c"
#include "base/test.h"

static void dump(const struct node *n, struct buf *out) {
    if (n->key != NULL)
        buf_printf(out, "%s=", n->key);
    if (n->type == NODE_SCALAR) {
        buf_printf(out, "'%s'", n->text);
        return;
    }
    buf_char(out, n->type == NODE_MAP ? '{' : '[');
    for (const struct node *c = n->first; c != NULL; c = c->next) {
        dump(c, out);
        if (c->next != NULL)
            buf_char(out, ' ');
    }
    buf_char(out, n->type == NODE_MAP ? '}' : ']');
}

/* The tree in one line, or its mistakes as line:column:id, in `out`. */
static void run(const char *text, size_t len, struct buf *out) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(tree_free) struct tree *t = NULL;
    struct err e;
    CHECK(f != NULL);
    enum code code = tree_parse("t.yaml", text, len, f, &t, &e);
    const struct finding *list;
    size_t count = findings_list(f, &list);
    if (code == OK) {
        CHECK(count == 0);
        dump(tree_root(t), out);
    } else {
        CHECK(code == E_CHARTER && t == NULL && count > 0);
        for (size_t i = 0; i < count; i++)
            buf_printf(out, "%s%d:%d:%s", i > 0 ? " " : "", list[i].pos.line, list[i].pos.column, list[i].id);
    }
}

TEST(reads_the_subset) {
    static const struct { const char *text, *want; } row[] = {
        { "a: b\n", "{a='b'}" },
        { "a: +36\nb: NO\nc: 007\nd: 1.0\ne: null\nf: ~\n", "{a='+36' b='NO' c='007' d='1.0' e='null' f='~'}" },
        { "a: \"+36 #1\"\nb: 'it''s # x'\n", "{a='+36 #1' b='it's # x'}" },
        { "a:\n  - b, c  # D-1\n  - d: e\n    f: g\n", "{a=['b, c' {d='e' f='g'}]}" },
        { "a: {en: Event, pl: Rejestracja na}\nb: [x y, z]\n", "{a={en='Event' pl='Rejestracja na'} b=['x y' 'z']}" },
        { "a:\nb: ''\n", "{a='' b=''}" },
        { "moves:\n  waiting to accepted: organiser\n", "{moves={waiting to accepted='organiser'}}" },
        { "--- \na: one of x | y\n", "{a='one of x | y'}" },
        { "a: b\r\nc: d\r\n", "{a='b' c='d'}" },
        { "# only\n\n  # comments\na: zażółć  # ő\n", "{a='zażółć'}" },
        { "a: art.#74 ust. 1\n", "{a='art.#74 ust. 1'}" },
        { "a: []  # none\nb: {}\n", "{a=[] b={}}" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(4096);
        run(row[i].text, strlen(row[i].text), &out);
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
}

TEST(refuses_the_rest) {
    static const struct { const char *text, *want; } row[] = {
        { "", "1:1:empty" },
        { "# nothing\n", "1:1:empty" },
        { "just text\n", "1:1:not-a-map" },
        { "- a\n", "1:1:not-a-map" },
        { "a: art. #74\n", "1:9:comment" },
        { "a: b # c\nk: # d\n", "1:6:comment 2:4:comment" },
        { "a: b\na: c\n", "2:1:duplicate-key" },
        { "Title: b\nfound-by: c\n", "1:1:key-form 2:1:key-form" },
        { "a: &x b\nc: d\n", "1:4:anchor" },
        { "a: b\nc: *x\n", "2:4:alias" },
        { "a: !t b\n", "1:4:tag" },
        { "a: !!int 3\n", "1:4:tag" },
        { "a: |\n  text\n", "1:4:block-text" },
        { "a: one\n  two\n", "1:4:many-lines" },
        { "a: 'one\n  two'\n", "1:4:many-lines" },
        { "a: {en: one, two, pl: three}\n", "1:14:flow-comma" },
        { "a: [b,\nc,\n  d]\n", "2:1:flow-indent" },
        { "k:\n  - {a: b,\n  c: d}\n", "3:3:flow-indent" },
        { "a: b\n---\nc: d\n", "2:1:second-document" },
        { "%YAML 1.1\n---\na: b\n", "1:1:directive" },
        { "a:\n\tb: c\n", "2:1:tab" },
        { "a: b: c\n", "1:5:yaml" },
        { "a: [b\n", "2:1:yaml" },
        { "a: @b\n", "1:4:yaml" },
        { "a:\n  b: c\n d: e\n", "3:2:yaml" },
        { "a: \xff\n", "1:4:not-utf-8" },
        { "a: b\n\xc5\x82: \xc3\n", "2:4:not-utf-8" },
        { "a: \"x\\0y\"\n", "1:4:control-character" },
        { "a: b\xc2\x85" "c: d\n", "1:5:line-break" },
        { "\xef\xbb\xbf" "a: b\n", "1:1:byte-order-mark" },
        { "a: [[[[[[[[1]]]]]]]]\n", "1:11:too-deep" },
        { "? {a: b}\n: c\n", "1:3:key-form" },
        { "? a\n: c\n", "1:3:key-form" },
        { "a: {?b: c}\n", "1:6:key-form" },
    };
    for (size_t i = 0; i < ARRAY_LEN(row); i++) {
        AUTO(buf_done) struct buf out = BUF(4096);
        run(row[i].text, strlen(row[i].text), &out);
        CHECK_TEXT(buf_str(&out), row[i].want);
    }
    AUTO(buf_done) struct buf out = BUF(4096);
    run("a: x\0y\n", 7, &out);
    CHECK_TEXT(buf_str(&out), "1:5:not-utf-8");
}

TEST(knows_places_comments_and_paths) {
    static const char text[] = "# head\ncharter: x  # A-1, A-2\nrecords:  # B-1\n  visit:\n    keep: \"zażółć # no\"  # C-1\nlist:\n  - {what: a, by: b}  # D-1\n";
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(tree_free) struct tree *t = NULL;
    struct err e;
    CHECK_OK(tree_parse("t.yaml", text, sizeof text - 1, f, &t, &e), &e);
    const struct node *root = tree_root(t), *keep = node_get(node_get(node_get(root, "records"), "visit"), "keep");
    const struct node *list = node_get(root, "list"), *by = list != NULL ? node_get(list->first, "by") : NULL;
    if (keep == NULL || by == NULL)
        fail();
    CHECK(keep->pos.line == 5 && keep->pos.column == 11 && keep->width == 13 && keep->quoted && keep->key_pos.column == 5 && keep->key_width == 4);
    AUTO(buf_done) struct buf path = BUF(256);
    CHECK_TEXT(node_path(keep, &path), "records.visit.keep");
    buf_cut(&path, 0);
    CHECK_TEXT(node_path(by, &path), "list.0.by");
    CHECK(tree_comment(t, 1) == NULL && tree_comment(t, 4) == NULL && tree_comment(t, 99) == NULL);
    CHECK_TEXT(tree_comment(t, 2), "A-1, A-2");
    CHECK_TEXT(tree_comment(t, 3), "B-1");
    CHECK_TEXT(tree_comment(t, 5), "C-1");
    CHECK_TEXT(tree_comment(t, 7), "D-1");
    CHECK_TEXT(tree_line(t, 4), "  visit:");
    CHECK(tree_node(t, (size_t)by->index) == by && tree_nodes(t) == 9 && node_get(root, "none") == NULL);
}

TEST(prints_a_finding_with_its_line) {
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(tree_free) struct tree *t = NULL;
    AUTO(buf_done) struct buf out = BUF(4096);
    struct err e;
    CHECK(tree_parse("a.yaml", "zł: x\nb: c #d\n", 15, f, &t, &e) == E_CHARTER);
    findings_print(f, &out);
    CHECK_TEXT(buf_str(&out),
        "a.yaml:1:1: error: A key is written in small letters, digits and _, and begins with a letter [key-form]\n"
        "     1 | zł: x\n"
        "       | ^~\n"
        "a.yaml:2:6: error: What follows # is cut off here: write two spaces before # if it is a comment, or put the value in quotes [comment]\n"
        "     2 | b: c #d\n"
        "       |      ^\n");
    CHECK(findings_count(f, FINDING_ERROR) == 2 && findings_count(f, FINDING_TRAP) == 0);
}

TEST(suggests_near_words_only) {
    static const char *const words[] = { "keep", "keys", "holds", "when_deleted" };
    CHECK_TEXT(nearest("kep", words, 4), "keep");
    CHECK_TEXT(nearest("when_delted", words, 4), "when_deleted");
    CHECK(nearest("xyz", words, 4) == NULL && nearest("because", words, 4) == NULL);
}

TEST(survives_no_memory_and_no_file) {
    struct err e;
    AUTO(findings_free) struct findings *f = findings_new();
    struct tree *t = NULL;
    for (size_t n = 1; n < 40; n++) {
        mem_fail_at = n;
        enum code code = tree_parse("t", "a: b\nc: [d, e]\n", 15, f, &t, &e);
        mem_fail_at = 0;
        CHECK(code == OK || (code == E_MEMORY && t == NULL));
        t = tree_free(t);
    }
    CHECK(tree_load("/nonexistent/charter.yaml", f, &t, &e) == E_NOT_FOUND && tree_load("/", f, &t, &e) == E_IO && t == NULL);
    CHECK_TEXT(e.text, "/ is a directory: name a file");
}
