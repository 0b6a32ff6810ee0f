/* options.c — a table and one loop. */
#include "prog/options.h"

#include <string.h>

#include "base/text.h"

static const struct option *find(const struct option *options, size_t count, const char *word, const char **ret_value) {
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t len = equals == NULL ? strlen(name) : (size_t)(equals - name);
    *ret_value = equals == NULL ? NULL : equals + 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(options[i].name) == len && strncmp(options[i].name, name, len) == 0)
            return &options[i];
    return NULL;
}

static enum code unknown(const char *word, const struct option *options, size_t count, struct err *reterr) {
    const char *best = NULL;
    unsigned distance = 3;
    for (size_t i = 0; i < count; i++)
        if (text_distance(word + 2, options[i].name) < distance) {
            distance = text_distance(word + 2, options[i].name);
            best = options[i].name;
        }
    return best == NULL ? err_set(reterr, E_USAGE, "there is no option %s here", word)
                        : err_set(reterr, E_USAGE, "there is no option %s here; did you mean --%s?", word, best);
}

static enum code set(const struct option *o, const char *value, struct err *reterr) {
    if (o->type == OPTION_TEXT) {
        *(const char **)o->at = value;
    } else if (o->type == OPTION_NUMBER) {
        if (!text_int(value, 0, INT64_MAX, (int64_t *)o->at))
            return err_set(reterr, E_USAGE, "--%s takes a number, not \"%s\"", o->name, value);
    } else {
        struct option_list *list = o->at;
        if (list->count == WORDS_MAX)
            return err_set(reterr, E_USAGE, "--%s is given too often", o->name);
        list->items[list->count++] = value;
    }
    return OK;
}

enum code options_read(int argc, char *const *argv, const struct option *options, size_t option_count,
                       size_t least, size_t most, struct plain_words *ret, struct err *reterr) {
    bool ended = false;
    ret->count = 0;
    for (int i = 0; i < argc; i++) {
        const char *value;
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
            continue;
        }
        if (ended || strncmp(argv[i], "--", 2) != 0) {
            if (ret->count == most || ret->count == WORDS_MAX)
                return err_set(reterr, E_USAGE, "\"%s\" is one word too many", argv[i]);
            ret->at[ret->count++] = argv[i];
            continue;
        }
        const struct option *o = find(options, option_count, argv[i], &value);
        if (o == NULL)
            return unknown(argv[i], options, option_count, reterr);
        if (o->type == OPTION_FLAG && value == NULL) {
            *(bool *)o->at = true;
            continue;
        }
        if (o->type == OPTION_FLAG)
            return err_set(reterr, E_USAGE, "--%s takes no value", o->name);
        if (value == NULL && (value = i + 1 < argc ? argv[++i] : NULL) == NULL)
            return err_set(reterr, E_USAGE, "--%s needs a value", o->name);
        enum code code = set(o, value, reterr);
        if (code != OK)
            return code;
    }
    if (ret->count < least)
        return err_set(reterr, E_USAGE, least - ret->count == 1 ? "one word is missing" : "some words are missing");
    return OK;
}
