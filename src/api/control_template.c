/* control_template.c — texts of messages by the command line. */
#include "api/api_int.h"
#include "api/control_int.h"
#include "messages/preview.h"

static struct caller sejf_of(const struct control_req *c) { return (struct caller){ .tenant = c->tenant, .person = -1, .by_sejf = true, .subject_kind = -1 }; }

/* Each member of what was made becomes one of the last line. */
static void say_members(struct control_req *c, json_t *made) {
    const char *name;
    json_t *value;
    json_object_foreach(made, name, value)
        control_set(c, name, json_incref(value));
    json_decref(made);
}

static const char *name_of(const struct control_req *c) { return control_text(c, "name") == NULL ? "" : control_text(c, "name"); }

enum code do_template_list(struct control_req *c, struct err *reterr) {
    AUTO(buf_done) struct buf after = BUF(256);
    const struct caller who = sejf_of(c);
    int64_t count = 0;
    enum code code = OK;
    for (bool more = true; code == OK && more && !c->reader_gone;) {
        json_t *page = NULL, *one;
        size_t i;
        code = templates_told(c->service, &who, buf_str(&after), &page, reterr);
        json_array_foreach(json_object_get(page, "items"), i, one) {
            control_say(c, one);
            count++;
        }
        const char *next = json_string_value(json_object_get(page, "next"));
        more = next != NULL;
        buf_cut(&after, 0);
        buf_text(&after, next == NULL ? "" : next);
        json_decref(page);
    }
    control_set(c, "count", json_integer(count));
    return code;
}

enum code do_template_put(struct control_req *c, struct err *reterr) {
    const struct caller who = sejf_of(c);
    json_t *made = NULL, *mistakes = NULL, *body = json_object_get(c->in, "body");
    if (!json_is_object(body))
        return err_set(reterr, E_INVALID, "a template is a JSON object: {\"pl\": {\"subject\": \"…\", \"text\": \"…\"}}");
    enum code code = template_put(c->service, &who, name_of(c), body, &made, &mistakes, reterr);
    if (mistakes != NULL)
        control_set(c, "mistakes", mistakes);
    if (code == E_FIELDS && mistakes != NULL)
        return OK;                            /* they are the answer */
    if (code == OK)
        say_members(c, made);
    return code;
}

enum code do_template_show(struct control_req *c, struct err *reterr) {
    const struct caller who = sejf_of(c);
    json_t *made = NULL;
    enum code code = template_told(c->service, &who, name_of(c), control_number(c, "version", 0), &made, reterr);
    if (code == OK)
        say_members(c, made);
    return code;
}

enum code do_template_preview(struct control_req *c, struct err *reterr) {
    const struct caller who = sejf_of(c);
    const struct mail_brand brand = api_brand(c->api, service_charter(c->service));
    json_t *made = NULL, *body = json_object_get(c->in, "body") == NULL ? json_object() : json_incref(json_object_get(c->in, "body"));
    enum code code = body == NULL ? err_set(reterr, E_MEMORY, "no memory for a look") : template_preview(c->service, &who, name_of(c), body, &brand, &made, reterr);
    json_decref(body);
    if (code == OK)
        say_members(c, made);
    return code;
}
