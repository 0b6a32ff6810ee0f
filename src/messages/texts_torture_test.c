/* texts_torture_test.c — texts of messages with each allocation failing in turn. */
#include "base/mem.h"
#include "base/test.h"
#include "base/torture.h"
#include "messages/template.h"

static const struct template_name names[] = { { .name = "name" }, { .name = "link", .address = true }, { .name = NULL } };
static const char three[] = "{\"pl\": {\"subject\": \"Dla {{name}}\", \"text\": \"Pa {{name}}\"}, \"en\": {\"subject\": \"Hello {{name}}\", \"text\": \"Bye {{name}}, [page]({{link}})\"}}";

static enum code whole(void *arg, struct buf *outcome, struct err *reterr) {
    struct template *t = NULL;
    json_t *mistakes = NULL;
    enum code code = template_read(arg, names, &t, &mistakes, reterr);
    if (code == OK) {
        AUTO(buf_done) struct buf s = BUF(1000), x = BUF(10000), h = BUF(10000);
        code = template_render(t, LANG_EN, NULL, false, &s, &x, &h, reterr);
        if (code == OK)
            buf_printf(outcome, "%s %s %s", buf_str(&s), buf_str(&x), buf_str(&h));
        if (code == OK && outcome->failed)
            code = err_set(reterr, E_MEMORY, "no memory for what came of it");
    }
    template_free(t);
    json_decref(mistakes);
    return code;
}

TEST(no_memory_is_said) {
    json_t *source = json_loads(three, 0, NULL), *bad = json_loads("{\"pl\": {\"text\": \"{{a}} **\"}}", 0, NULL);
    CHECK(torture(&(struct torture){ .name = "template", .call = whole, .arg = source, .want = OK }));
    CHECK(torture(&(struct torture){ .name = "template with mistakes", .call = whole, .arg = bad, .want = E_FIELDS }));
    json_decref(source);
    json_decref(bad);
}
