/* strength.c — zxcvbn knows bytes: a text is folded as for a search (small letters, no accents) and each letter that is not ASCII then
 * becomes one byte, so that a word counts as its letters in any script. The estimate is taken of this text and of the one as it was typed, and the
 * lower one counts. */
#include "access/strength.h"

#include <stdio.h>
#include <string.h>
#include <utf8proc.h>
#include <zxcvbn.h>

#include "base/mem.h"
#include "base/say.h"
#include "base/text.h"
#include "crypto/crypto.h"
#include "crypto/password.h"

#define LOOKED_AT 100u                       /* letters: beyond these zxcvbn adds nearly nothing */
#define TEXT_ROOM (4 * PASSWORD_TEXT_MAX)
#define OWN_MOST 32u
#define OWN_LEAST 3u                         /* letters: shorter ones are in many words */
#define OWN_LETTERS 40u
#define SCRATCH (512u << 10)                 /* what zxcvbn may take: 290 KB for the worst of 1,024 bytes */

static const struct { const char *name; struct words says; } reasons[STRENGTH_REASONS] = {
#define REASON(id, name, en, pl, hu) [id] = { name, WORDS(en, pl, hu) },
#include "access/texts_strength.tbl"
#undef REASON
};

/* ---- the most used */

static const uint64_t common[] = {
#include "access/common.tbl"
};

static enum code is_common(const char *text, size_t len, bool *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf small = BUF(TEXT_ROOM);
    uint8_t hash[HASH_SIZE];
    uint64_t key = 0;
    size_t low = 0, high = ARRAY_LEN(common);
    for (size_t i = 0; i < len; i++)
        buf_char(&small, text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i]);
    if (small.failed)
        return err_set(reterr, E_MEMORY, "no memory to look at a password");
    hash_sha256(buf_str(&small), small.len, hash);
    for (size_t i = 0; i < sizeof key; i++)
        key = key << 8 | hash[i];
    crypto_wipe(hash, sizeof hash);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (common[mid] < key)
            low = mid + 1;
        else
            high = mid;
    }
    *ret = low < ARRAY_LEN(common) && common[low] == key;
    return OK;
}

/* ---- what zxcvbn is given */

/* One byte for each letter, as many as *ret may hold. */
static void narrow(const char *text, size_t len, struct buf *ret) {
    const uint8_t *p = (const uint8_t *)text;
    for (size_t at = 0; at < len && ret->len < ret->max && !ret->failed;) {
        int32_t c = 0;
        utf8proc_ssize_t size = utf8proc_iterate(p + at, (utf8proc_ssize_t)(len - at), &c);
        if (size <= 0)
            break;
        buf_char(ret, c < 0x80 ? (char)c : (char)(0x80 | (c & 0x7f)));
        at += (size_t)size;
    }
}

struct own { const char *word[OWN_MOST + 1]; struct buf text[OWN_MOST]; size_t count; };

static void auto_own(struct own *o) {
    for (size_t i = 0; i < o->count; i++)
        buf_done(&o->text[i]);
}

static bool own_word(const char *word, size_t len, void *arg) {
    struct own *o = arg;
    struct buf *to = &o->text[o->count];
    *to = BUF(OWN_LETTERS);
    narrow(word, len, to);
    if (to->len < OWN_LEAST && !to->failed) {
        buf_done(to);
        return true;
    }
    o->word[o->count++] = buf_str(to);
    return o->count < OWN_MOST && !to->failed;
}

/* Each word of each; false: no memory. */
static bool own_fill(struct own *o, const char *const *own) {
    for (; own != NULL && *own != NULL && o->count < OWN_MOST; own++) {
        AUTO(buf_done) struct buf folded = BUF(16 * TEXT_ROOM);
        size_t len = strlen(*own);
        if (len > PASSWORD_TEXT_MAX || !text_is_utf8(*own, len))
            continue;
        if (!text_fold(*own, len, &folded))
            return false;
        text_words(buf_str(&folded), own_word, o);
    }
    for (size_t i = 0; i < o->count; i++)
        if (o->text[i].failed)
            return false;
    return true;
}

/* ---- the estimate */

/* The scale of zxcvbn's paper: guesses that take 10^2, 10^4, 10^6, 10^8 seconds at 20,000 a second, in bits. */
static unsigned score_of(double bits) {
    static const double steps[] = { 20.9, 27.6, 34.2, 40.9 };
    unsigned score = 0;
    while (score < ARRAY_LEN(steps) && bits >= steps[score])
        score++;
    return score;
}

static enum strength_reason reason_of(int type) {
    static const enum strength_reason of[] = {
        [BRUTE_MATCH] = STRENGTH_GUESSABLE, [DICTIONARY_MATCH] = STRENGTH_WORDS, [DICT_LEET_MATCH] = STRENGTH_WORDS, [USER_MATCH] = STRENGTH_OWN, [USER_LEET_MATCH] = STRENGTH_OWN,
        [REPEATS_MATCH] = STRENGTH_REPEATS, [SEQUENCE_MATCH] = STRENGTH_SEQUENCE, [SPATIAL_MATCH] = STRENGTH_KEYS, [DATE_MATCH] = STRENGTH_DATES, [YEAR_MATCH] = STRENGTH_DATES,
        [LONG_PWD_MATCH] = STRENGTH_GUESSABLE,
    };
    if ((type & MULTIPLE_MATCH) != 0)
        return STRENGTH_REPEATS;
    return type > 0 && (size_t)type < ARRAY_LEN(of) ? of[type] : STRENGTH_GUESSABLE;
}

/* What most of its letters belong to. */
static enum strength_reason reason_find(const ZxcMatch_t *list) {
    int letters[STRENGTH_REASONS] = { 0 };
    enum strength_reason most = STRENGTH_GUESSABLE;
    for (const ZxcMatch_t *m = list; m != NULL; m = m->Next)
        letters[reason_of((int)m->Type)] += m->Length;
    for (size_t i = STRENGTH_OWN; i < STRENGTH_REASONS; i++)
        if (letters[i] > letters[most])
            most = (enum strength_reason)i;
    return most;
}

/* zxcvbn does not look whether it got memory, so there must be some before it is asked. */
static bool estimate(const struct buf *text, struct own *own, struct strength *ret) {
    void *scratch = mem_new(SCRATCH);
    ZxcMatch_t *list = NULL;
    if (scratch == NULL)
        return false;
    mem_free(scratch);
    unsigned score = score_of(ZxcvbnMatch(buf_str(text), own->word, &list));
    if (score < ret->score) {
        ret->score = score;
        ret->reason = reason_find(list);
    }
    ZxcvbnFreeInfo(list);
    return true;
}

static enum code estimate_both(const struct buf *plain, const char *const *own_texts, struct strength *ret, struct err *reterr) {
    AUTO(buf_wipe) struct buf folded = BUF(16 * TEXT_ROOM), one = BUF(LOOKED_AT), other = BUF(LOOKED_AT);
    __attribute__((cleanup(auto_own))) struct own own = { .count = 0 };
    bool fine = own_fill(&own, own_texts) && text_fold(buf_str(plain), plain->len, &folded);
    narrow(buf_str(plain), plain->len, &one);
    narrow(buf_str(&folded), folded.len, &other);
    ret->score = 5;
    if (!fine || one.failed || other.failed || !estimate(&one, &own, ret) || !estimate(&other, &own, ret))
        return err_set(reterr, E_MEMORY, "no memory to look at a password");
    ret->reason = ret->score >= STRENGTH_SCORE ? STRENGTH_FINE : ret->reason;
    return OK;
}

enum code strength_check(const struct strength_ask *ask, struct strength *ret, struct err *reterr) {
    PRE(ask != NULL && (ask->text != NULL || ask->len == 0) && ret != NULL && reterr != NULL);
    AUTO(buf_wipe) struct buf plain = BUF(TEXT_ROOM);
    bool used = false;
    struct strength s = { .least = ask->least < STRENGTH_LEAST ? STRENGTH_LEAST : ask->least };
    enum code code = password_prepare(ask->text, ask->len, &plain, reterr);
    if (code == E_MEMORY)
        return code;
    if (code != OK)
        s.reason = ask->len == 0 ? STRENGTH_SHORT : ask->len > PASSWORD_TEXT_MAX ? STRENGTH_LONG : STRENGTH_FORM;
    else if (text_points(buf_str(&plain)) < s.least)
        s.reason = STRENGTH_SHORT;
    else if ((code = is_common(buf_str(&plain), plain.len, &used, reterr)) != OK || (!used && (code = estimate_both(&plain, ask->own, &s, reterr)) != OK))
        return code;
    else if (used)
        s.reason = STRENGTH_COMMON;
    *ret = s;
    return OK;
}

void strength_say(const struct strength *s, enum lang lang, struct buf *ret) {
    char least[16];
    PRE(s != NULL && s->reason < STRENGTH_REASONS && ret != NULL);
    snprintf(least, sizeof least, "%u", s->least);
    say_plain(ret, reasons[s->reason].says.in[lang], SAY_ARGS(least));
}

const char *strength_name(enum strength_reason reason) { return reasons[reason].name; }
