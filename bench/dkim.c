/* dkim.c — signatures of letters a second of one core's time: the key read once, and read for each letter; RSA alone beside the whole. Prints one line of JSON.
 *   bench_dkim [-s SECONDS]
 *   bench_dkim -k KEY -d DOMAIN -n SELECTOR < MESSAGE     prints the message with its signature, for those who verify it otherwise */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "messages/dkim.h"
#include "sys/files.h"

static void must_be(enum code code, const struct err *e) {
    if (code != OK) {
        fprintf(stderr, "dkim: %s\n", e->text);
        exit(1);
    }
}

static struct dkim *key_of(const struct buf *pem, const char *domain, const char *selector) {
    struct rsa_key *key = NULL;
    struct dkim *d = NULL;
    struct err e;
    must_be(rsa_read(pem->data, pem->len, &key, &e), &e);
    must_be(dkim_new(domain, selector, key, &d, &e), &e);
    return d;
}

/* A letter of 6 kB, as a campaign sends them. */
static void letter_make(struct buf *ret) {
    buf_text(ret, "From: \"Seats\"\r\n <service@seats.example>\r\nTo: <jan@people.example>\r\nSubject: See you\r\nDate: Mon, 23 Nov 2026 00:00:00 +0000\r\nMessage-ID: <0190-1@seats.example>\r\n"
                  "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nList-Unsubscribe: <https://seats.example/u/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\n");
    for (int i = 0; i < 80; i++)
        buf_text(ret, "We begin at nine; come in time, and bring what you need for a day by the sea.\r\n");
}

/* Of this process alone: what others do beside it on the machine changes nothing. */
static double cpu_seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

enum way { ONCE, EACH, ALONE };
static double rate(const struct buf *pem, const struct buf *letter, enum way way, double seconds) {
    struct dkim *once = key_of(pem, "seats.example", "s2026");
    struct rsa_key *alone = NULL;
    struct err e;
    long n = 0;
    must_be(rsa_read(pem->data, pem->len, &alone, &e), &e);
    double begin = cpu_seconds();
    for (; cpu_seconds() < begin + seconds; n++) {
        AUTO(buf_done) struct buf out = BUF(1u << 16);
        struct dkim *d = way == EACH ? key_of(pem, "seats.example", "s2026") : once;
        must_be(way == ALONE ? rsa_sign(alone, "x", 1, &out, &e) : dkim_sign(d, letter->data, letter->len, 0, &out, &e), &e);
        if (way == EACH)
            dkim_free(d);
    }
    double took = cpu_seconds() - begin;
    dkim_free(once);
    rsa_free(alone);
    return (double)n / took;
}

static int sign_input(const char *path, const char *domain, const char *selector) {
    AUTO(buf_wipe) struct buf pem = BUF(1u << 16);
    AUTO(buf_done) struct buf in = BUF((size_t)16 << 20), out = BUF(1u << 16);
    struct err e;
    must_be(file_read(path, &pem, &e), &e);
    must_be(file_read_fd(STDIN_FILENO, "standard input", &in, &e), &e);
    struct dkim *d = key_of(&pem, domain, selector);
    must_be(dkim_sign(d, buf_str(&in), in.len, clock_now(), &out, &e), &e);
    dkim_free(d);
    bool fine = fwrite(out.data, 1, out.len, stdout) == out.len && fwrite(buf_str(&in), 1, in.len, stdout) == in.len;
    return fine ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *key = NULL, *domain = "seats.example", *selector = "s2026";
    double seconds = 2;
    struct err e;
    for (int o; (o = getopt(argc, argv, "s:k:d:n:")) != -1;) {
        if (o == 's')
            seconds = strtod(optarg, NULL);
        else if (o == 'k')
            key = optarg;
        else if (o == 'd')
            domain = optarg;
        else if (o == 'n')
            selector = optarg;
        else
            return 2;
    }
    must_be(crypto_init(&e), &e);
    if (key != NULL)
        return sign_input(key, domain, selector);
    AUTO(buf_wipe) struct buf pem = BUF(1u << 16);
    AUTO(buf_done) struct buf letter = BUF(1u << 16);
    must_be(rsa_make(&pem, &e), &e);
    letter_make(&letter);
    printf("{\"bytes\":%zu,\"once\":%.0f,\"each\":%.0f,\"rsa_alone\":%.0f}\n", letter.len, rate(&pem, &letter, ONCE, seconds), rate(&pem, &letter, EACH, seconds), rate(&pem, &letter, ALONE, seconds));
    return 0;
}
