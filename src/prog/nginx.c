/* nginx.c — everything that goes into the text was checked by instance.c (host names, addresses, origins, paths without
 * quotes or ';'), so nothing of sejf.yaml can add a directive.
 * Nothing of a request is ever written by nginx: no access log, and its error log starts at "emerg", because the levels
 * below carry addresses and request lines (with private links) of people. */
#include "prog/nginx.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/plain.h"
#include "base/rule.h"
#include "sys/files.h"

static const char *const loopback[] = { "127.0.0.1", "::1" };
static const char *const everywhere[] = { "0.0.0.0", "::" };

size_t listen_addresses(const struct instance *i, const char *const **ret) {
    size_t two = file_exists("/proc/self/net/if_inet6") ? 2 : 1;   /* a machine without IPv6 */
    *ret = i->listen == LISTEN_LOOPBACK ? loopback : i->listen == LISTEN_EVERYWHERE ? everywhere : i->addresses;
    return i->listen == LISTEN_ADDRESSES ? i->address_count : two;
}

/* Options of the socket stand in its first line only: `first`. */
static void listen_lines(struct buf *b, const struct instance *i, int port, const char *more, bool first) {
    const char *const *list;
    size_t n = listen_addresses(i, &list);
    for (size_t a = 0; a < n; a++) {
        bool six = strchr(list[a], ':') != NULL;
        buf_printf(b, "        listen %s%s%s:%d%s%s;\n", six ? "[" : "", list[a], six ? "]" : "", port, more,
                   !first ? "" : six ? " default_server ipv6only=on" : " default_server");
    }
}

static void names_line(struct buf *b, const struct instance *i) {
    static const char *const local[] = { "localhost", "127.0.0.1", "[::1]" };
    buf_printf(b, "        server_name %s", i->host);
    for (size_t n = 0; n < i->name_count; n++)
        buf_printf(b, " %s", i->names[n]);
    for (size_t n = 0; i->listen == LISTEN_LOOPBACK && n < ARRAY_LEN(local); n++)
        if (strcmp(local[n], i->host) != 0)
            buf_printf(b, " %s", local[n]);
    buf_text(b, ";\n");
}

/* Our nginx reads the copies that tls.c makes for its user; somebody else's reads the operator's own files. */
static void tls_lines(struct buf *b, struct place *p, bool supervised) {
    const struct instance *i = place_instance(p);
    const char *chain = i->certificate == NULL ? place_path(p, "tls/chain.pem") : supervised ? place_path(p, "tls/given-chain.pem") : i->certificate;
    const char *key = i->key == NULL ? place_path(p, "tls/key.pem") : supervised ? place_path(p, "tls/given-key.pem") : i->key;
    buf_printf(b, "        ssl_certificate \"%s\";\n        ssl_certificate_key \"%s\";\n", chain, key);
}

static const char tls_floor[] = "    ssl_protocols TLSv1.2 TLSv1.3;\n";
static const char tls_policy[] =
    "    ssl_ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;\n"
    "    ssl_prefer_server_ciphers off;\n"
    "    ssl_ecdh_curve X25519:prime256v1:secp384r1;\n"
    "    ssl_session_timeout 1h;\n"
    "    ssl_session_cache shared:sejf_tls:4m;\n";

static const char limits[] =
    "    # Slow and oversized requests are cut off; import and files have limits of their own below.\n"
    "    client_header_timeout 10s;\n"
    "    client_body_timeout 15s;\n"
    "    send_timeout 30s;\n"
    "    keepalive_timeout 65s;\n"
    "    keepalive_requests 10000;\n"
    "    reset_timedout_connection on;\n"
    "    client_header_buffer_size 2k;\n"
    "    large_client_header_buffers 4 8k;\n"
    "    client_max_body_size 1m;\n"
    "    http2_max_concurrent_streams 64;\n"
    "    limit_conn_zone $sejf_neighbour zone=sejf_connections:4m;\n"
    "    limit_req_zone $sejf_neighbour zone=sejf_forms:4m rate=10r/s;\n"
    "    limit_req_zone $sejf_neighbour zone=sejf_account:4m rate=10r/s;\n"
    "    limit_conn_status 429;\n"
    "    limit_req_status 429;\n";

static void ancestors(struct buf *b, const struct instance *i) {
    if (i->frame_count == 0)
        buf_text(b, "'none'");
    for (size_t n = 0; n < i->frame_count; n++)
        buf_printf(b, "%s%s", n == 0 ? "" : " ", i->frames[n]);
}

/* A request that another proxy of this machine hands on comes from loopback and is nobody's here: what only loopback may do stays shut. */
static const char clients[] =
    "    map \"$remote_addr|$http_x_forwarded_for$http_forwarded$http_via\" $sejf_client {\n"
    "        default $remote_addr;\n"
    "        \"~^(127\\.[0-9.]+|::1|::ffff:127\\.[0-9.]+)\\|.\" 0.0.0.0;\n"
    "    }\n";

/* One customer has a whole /64 of IPv6, so limits count its first four groups. Where "::" stands among them, what stands before it
 * counts, which is never less. */
static const char neighbours[] =
    "    map $remote_addr $sejf_neighbour {\n"
    "        default $remote_addr;\n"
    "        \"~^::ffff:([0-9.]+)$\" $1;\n"
    "        \"~^((?:[0-9a-f]+:){4})[0-9a-f]\" $1;\n"
    "        \"~^((?:[0-9a-f]+:){0,3}[0-9a-f]*:):\" $1;\n"
    "    }\n";

/* A page of our own carries its style inside. */
static void refused_policies(struct buf *b, const struct instance *i) {
    static const char *const where[] = { ":/f/", ":" };
    const struct plain *all;
    size_t n = plain_list(&all);
    for (size_t w = 0; w < ARRAY_LEN(where); w++) {
        for (size_t k = 0; k < n; k++)
            buf_printf(b, "%s%d", k == 0 ? "        \"~^(" : "|", all[k].status);
        buf_printf(b, ")%s\" \"", where[w]);
        plain_policy(b);
        buf_text(b, "; frame-ancestors ");
        if (w == 0)
            ancestors(b, i);
        else
            buf_text(b, "'none'");
        buf_text(b, "\";\n");
    }
}

/* The server says its own policy for a page; what it leaves open gets the strictest that still works. */
static void policy_maps(struct buf *b, const struct instance *i) {
    buf_text(b, "    map $uri $sejf_policy_default {\n"
                "        default \"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'\";\n"
                "        ~^/f/ \"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors ");
    ancestors(b, i);
    buf_text(b, "\";\n    }\n"
                "    map \"$status:$uri\" $sejf_policy_refused {\n        default $sejf_policy_default;\n");
    refused_policies(b, i);
    buf_text(b, "    }\n"
                "    map $upstream_http_content_security_policy $sejf_policy {\n"
                "        \"\" $sejf_policy_refused;\n"
                "        default $upstream_http_content_security_policy;\n"
                "    }\n");
}

static const char headers[] =
    "        proxy_hide_header Content-Security-Policy;\n"
    "        proxy_hide_header Strict-Transport-Security;\n"
    "        proxy_hide_header X-Content-Type-Options;\n"
    "        proxy_hide_header Referrer-Policy;\n"
    "        proxy_hide_header Permissions-Policy;\n"
    "        add_header Content-Security-Policy $sejf_policy always;\n"
    "        add_header Strict-Transport-Security \"max-age=31536000; includeSubDomains\" always;\n"
    "        add_header X-Content-Type-Options nosniff always;\n"
    "        add_header Referrer-Policy no-referrer always;\n"
    "        add_header Permissions-Policy \"camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()\" always;\n"
    "        add_header Cross-Origin-Opener-Policy same-origin always;\n";

static const char proxy[] =
    "        proxy_http_version 1.1;\n"
    "        proxy_set_header Connection \"\";\n"
    "        proxy_set_header Host $http_host;\n"
    "        proxy_set_header X-Real-IP $sejf_client;\n"
    "        proxy_set_header X-Forwarded-For $sejf_client;\n"
    "        proxy_set_header X-Forwarded-Proto https;\n"
    "        proxy_set_header X-Request-Id $request_id;\n"
    "        proxy_set_header Proxy \"\";\n"
    "        # Bodies stream through: nothing of them is written to a disk.\n"
    "        proxy_request_buffering off;\n"
    "        proxy_buffering off;\n"
    "        proxy_max_temp_file_size 0;\n"
    "        proxy_connect_timeout 10s;\n"
    "        proxy_read_timeout 75s;\n"
    "        proxy_send_timeout 75s;\n"
    "        # A request that reached the server is never sent twice.\n"
    "        proxy_next_upstream off;\n";

/* What nginx itself has to refuse comes as a problem document (RFC 9457), like every other refusal, and to people as a page in their language. */
static const struct { int status; enum code code; } problems[] = {
    { 413, E_TOO_LARGE }, { 429, E_TOO_MANY }, { 502, E_PEER }, { 503, E_BUSY }, { 504, E_PEER },
};

static void words_map(struct buf *b, const char *name, int status, const struct words *w) {
    buf_printf(b, "    map $sejf_lang $sejf_%s_%d {\n        default \"%s\";\n", name, status, w->in[LANG_EN]);
    for (int l = LANG_EN + 1; l < LANG_COUNT; l++)
        buf_printf(b, "        %s \"%s\";\n", lang_code((enum lang)l), w->in[l]);
    buf_text(b, "    }\n");
}

static void people_maps(struct buf *b) {
    buf_text(b, "    # Who asks for pages is told in words; ?lang= goes before what the browser prefers.\n"
                "    map $http_accept $sejf_people {\n        default \"\";\n        ~*text/html _page;\n    }\n"
                "    map \"$arg_lang,$http_accept_language\" $sejf_lang {\n        default en;\n");
    for (int l = LANG_EN + 1; l < LANG_COUNT; l++)
        buf_printf(b, "        ~*^,?%s %s;\n", lang_code((enum lang)l), lang_code((enum lang)l));
    buf_text(b, "    }\n");
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        const struct plain *p = plain_of(problems[i].status);
        PRE(p != NULL);
        words_map(b, "title", p->status, &p->title);
        words_map(b, "text", p->status, &p->text);
    }
}

static void problem_lines(struct buf *b) {
    for (size_t i = 0; i < ARRAY_LEN(problems); i++)
        buf_printf(b, "        error_page %d @sejf_%d$sejf_people;\n", problems[i].status, problems[i].status);
    for (size_t i = 0; i < ARRAY_LEN(problems); i++) {
        int status = problems[i].status;
        char title[32], text[32];
        snprintf(title, sizeof title, "$sejf_title_%d", status);
        snprintf(text, sizeof text, "$sejf_text_%d", status);
        buf_printf(b, "        location @sejf_%d {\n            internal;\n            default_type application/problem+json;\n"
                      "            return %d '{\"title\":\"%s\",\"status\":%d,\"code\":%d}';\n        }\n",
                   status, status, code_title(problems[i].code), status, (int)problems[i].code);
        buf_printf(b, "        location @sejf_%d_page {\n            internal;\n            default_type \"text/html; charset=utf-8\";\n            return %d '", status, status);
        plain_put(b, "$sejf_lang", title, text);
        buf_text(b, "';\n        }\n");
    }
}

/* The operator's logo, the one file that nginx serves itself. */
static void logo_location(struct buf *b, const struct instance *i) {
    if (i->brand_logo == NULL)
        return;
    const char *dot = strrchr(i->brand_logo, '.');
    bool svg = dot != NULL && strcmp(dot, ".svg") == 0;
    buf_printf(b, "        location = /brand/logo {\n            alias \"%s\";\n            default_type %s;\n        }\n",
               i->brand_logo, svg ? "image/svg+xml" : "image/png");
}

static void locations(struct buf *b) {
    buf_text(b, "        limit_conn sejf_connections 512;\n"
                "        location / {\n            proxy_pass http://sejf_server;\n        }\n"
                "        # Signing in and one's own account: few requests a second for each address, and small ones.\n"
                "        location ~ ^/(v1/)?account(/|$) {\n            limit_req zone=sejf_account burst=100 nodelay;\n"
                "            client_max_body_size 64k;\n            proxy_pass http://sejf_server;\n        }\n"
                "        location ~ ^/v1/tenants(/|$) {\n            proxy_pass http://sejf_server;\n        }\n"
                "        # Public forms and private links, likewise.\n"
                "        location ~ ^/(f|p|u)/ {\n            limit_req zone=sejf_forms burst=100 nodelay;\n"
                "            proxy_pass http://sejf_server;\n        }\n"
                "        # Imports and files are large and may take long; the server counts their bytes.\n"
                "        location ~ ^/v1/[^/]+/([^/]+/(import|export)|files/[^/]+|[^/]+/[^/]+/[^/]+)$ {\n            client_max_body_size 0;\n"
                "            client_body_timeout 60s;\n            proxy_read_timeout 1h;\n            proxy_send_timeout 1h;\n"
                "            proxy_pass http://sejf_server;\n        }\n"
                "        # Events stay open.\n"
                "        location ~ ^/v1/[^/]+/changes$ {\n            proxy_read_timeout 24h;\n            proxy_pass http://sejf_server;\n        }\n");
}

static void server_blocks(struct buf *b, struct place *p, bool supervised) {
    const struct instance *i = place_instance(p);
    if (supervised) {
        buf_text(b, "    # A host that this instance does not have.\n    server {\n");
        listen_lines(b, i, i->https, " ssl http2", true);
        tls_lines(b, p, supervised);
        buf_text(b, "        return 421;\n    }\n");
    }
    buf_text(b, "    server {\n");
    if (supervised)
        listen_lines(b, i, i->https, " ssl http2", false);
    else
        buf_printf(b, "        listen %d ssl http2;\n        listen [::]:%d ssl http2;\n", i->https, i->https);
    names_line(b, i);
    tls_lines(b, p, supervised);
    buf_text(b, headers);
    buf_text(b, proxy);
    locations(b);
    logo_location(b, i);
    problem_lines(b);
    buf_text(b, "    }\n");
    if (i->plain == 0)
        return;
    buf_text(b, "    # The plain port says where the service is, and nothing else.\n    server {\n");
    if (supervised)
        listen_lines(b, i, i->plain, "", true);
    else
        buf_printf(b, "        listen %d;\n        listen [::]:%d;\n        server_name %s;\n", i->plain, i->plain, i->host);
    if (rule_on(RULE_plain_http_refused))
        buf_printf(b, "        return 308 %s$request_uri;\n    }\n", place_url(p));
    else
        buf_printf(b, "%s        location / {\n            proxy_pass http://sejf_server;\n        }\n    }\n", proxy);
}

void nginx_config(struct place *p, bool supervised, struct buf *b) {
    if (supervised)
        buf_text(b, "# Written by sejf at each start; changes made here are lost.\n"
                    "daemon off;\nworker_processes 2;\nworker_rlimit_nofile 16384;\nworker_shutdown_timeout 5s;\npid tmp/nginx.pid;\n"
                    "error_log stderr emerg;\nevents {\n    worker_connections 4096;\n}\nhttp {\n"
                    "    client_body_temp_path tmp/body;\n    proxy_temp_path tmp/proxy;\n    fastcgi_temp_path tmp/fastcgi;\n"
                    "    uwsgi_temp_path tmp/uwsgi;\n    scgi_temp_path tmp/scgi;\n"
                    "    access_log off;\n    server_tokens off;\n    default_type application/octet-stream;\n");
    else
        buf_text(b, "# For the http block of your own nginx, with \"nginx: none\" in sejf.yaml. Give that nginx's user the right to\n"
                    "# the socket below, keep access_log off for these servers, or log no query and no path below /p/, /u/, /take/ and /hook/.\n");
    if (rule_on(RULE_tls_floor))
        buf_printf(b, "%s%s", tls_floor, tls_policy);
    else
        buf_text(b, "    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;\n    ssl_ciphers ALL:@SECLEVEL=0;\n");
    if (supervised)
        for (int k = 0; k < TICKET_KEYS; k++)
            buf_printf(b, "    ssl_session_ticket_key \"%s\";\n", place_path(p, "tls/ticket-%d.key", k));
    buf_text(b, neighbours);
    buf_text(b, limits);
    buf_text(b, clients);
    policy_maps(b, place_instance(p));
    people_maps(b);
    buf_printf(b, "    upstream sejf_server {\n        server \"unix:%s\";\n        keepalive 64;\n        keepalive_requests 1000000;\n    }\n",
               place_path(p, "run/http.sock"));
    server_blocks(b, p, supervised);
    if (supervised)
        buf_text(b, "}\n");
}

enum code nginx_write(struct place *p, struct err *reterr) {
    AUTO(buf_done) struct buf text = BUF(1u << 18);
    enum code code = dir_make(place_path(p, "nginx"), 0755, reterr);
    if (code == OK)
        code = dir_make(place_path(p, "nginx/tmp"), 0700, reterr);
    if (code != OK)
        return code;
    nginx_config(p, true, &text);
    if (text.failed)
        return err_set(reterr, E_MEMORY, "no memory for the configuration of nginx");
    return file_write(place_path(p, "nginx/nginx.conf"), text.data, text.len, 0644, reterr);
}
