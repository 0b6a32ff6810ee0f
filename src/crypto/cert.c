/* cert.c — invariant: every certificate made here has a random serial number, and its private key is written nowhere
 * but to the caller's buf. */
#include "crypto/cert.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define SERIAL_BITS 127
#define BACKDATED USEC_PER_HOUR              /* for clocks that lag behind ours */

static void auto_x509(X509 **p) { X509_free(*p); }
static void auto_pkey(EVP_PKEY **p) { EVP_PKEY_free(*p); }
static void auto_bio(BIO **p) { BIO_free_all(*p); }
static void auto_bn(BIGNUM **p) { BN_free(*p); }
static void auto_names(GENERAL_NAMES **p) { GENERAL_NAMES_free(*p); }
#define OWNED(fn) __attribute__((cleanup(fn)))

/* Was it want of memory that the last call failed for? Also where there was none to write down why. Empties OpenSSL's list. */
static bool starved(void) {
    bool any = false, memory = false;
    for (unsigned long num; (num = ERR_get_error()) != 0; any = true)
        memory = memory || ERR_GET_REASON(num) == ERR_R_MALLOC_FAILURE;
    return memory || !any;
}

/* In what is made of names that we checked, only a name that ASN.1 cannot hold fails for another reason; libraries that find no memory
 * for a part of theirs name the part. */
static bool name_refused(unsigned long num) { return ERR_GET_LIB(num) == ERR_LIB_ASN1 && ERR_GET_REASON(num) != ERR_R_MALLOC_FAILURE; }

static enum code refused(struct err *reterr, const char *what) {
    unsigned long num = ERR_peek_error();
    char why[160] = "";
    if (num != 0)
        ERR_error_string_n(num, why, sizeof why);
    ERR_clear_error();
    if (name_refused(num))
        (void)err_set(reterr, E_INTERNAL, "cannot make a certificate: %s", what);
    else
        (void)err_set(reterr, E_MEMORY, "no memory for a certificate: %s", what);
    return err_hide(reterr, "%s", why);
}

static bool serial_set(X509 *x) {
    OWNED(auto_bn) BIGNUM *n = BN_new();
    return n != NULL && BN_rand(n, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1
        && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
}

static bool name_set(X509_NAME *name, const char *common) {
    return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"sejf", -1, -1, 0) == 1
        && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common, -1, -1, 0) == 1;
}

static bool extension_add(X509 *x, X509 *issuer, int nid, const char *value) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    bool ok = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return ok;
}

/* Built as values, never by OpenSSL's configuration syntax, in which a name could add further names. */
static bool names_add(X509 *x, const char *const *names, size_t count) {
    OWNED(auto_names) GENERAL_NAMES *list = GENERAL_NAMES_new();
    for (size_t i = 0; list != NULL && i < count; i++) {
        GENERAL_NAME *g = GENERAL_NAME_new();
        ASN1_OCTET_STRING *address = a2i_IPADDRESS(names[i]);
        ERR_clear_error();                   /* a DNS name is no address: no mistake */
        ASN1_STRING *value = address != NULL ? address : ASN1_IA5STRING_new();
        if (g == NULL || value == NULL || (address == NULL && ASN1_STRING_set(value, names[i], -1) != 1) || sk_GENERAL_NAME_push(list, g) == 0) {
            ASN1_STRING_free(value);
            GENERAL_NAME_free(g);
            return false;
        }
        GENERAL_NAME_set0_value(g, address != NULL ? GEN_IPADD : GEN_DNS, value);
    }
    return list != NULL && X509_add1_ext_i2d(x, NID_subject_alt_name, list, 0, X509V3_ADD_DEFAULT) == 1;
}

static X509 *begin_cert(EVP_PKEY *key, const char *common, usec_t now, int days) {
    X509 *x = X509_new();
    time_t from = (time_t)((now - BACKDATED) / USEC_PER_SEC), until = (time_t)(now / USEC_PER_SEC + (int64_t)days * 86400);
    if (x == NULL || X509_set_version(x, X509_VERSION_3) != 1 || !serial_set(x) || X509_set_pubkey(x, key) != 1
        || ASN1_TIME_set(X509_getm_notBefore(x), from) == NULL || ASN1_TIME_set(X509_getm_notAfter(x), until) == NULL
        || !name_set(X509_get_subject_name(x), common)) {
        X509_free(x);
        return NULL;
    }
    return x;
}

static X509 *make_authority(EVP_PKEY *key, usec_t now, int days) {
    X509 *x = begin_cert(key, "the authority of one sejf", now, days);
    if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(x)) == 1
        && extension_add(x, x, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        && extension_add(x, x, NID_key_usage, "critical,keyCertSign,cRLSign")
        && extension_add(x, x, NID_subject_key_identifier, "hash") && X509_sign(x, key, EVP_sha256()) > 0)
        return x;
    X509_free(x);
    return NULL;
}

static X509 *make_leaf(EVP_PKEY *key, X509 *authority, EVP_PKEY *authority_key, const char *const *names, size_t count, usec_t now, int days) {
    X509 *x = begin_cert(key, names[0], now, days);
    if (x != NULL && X509_set_issuer_name(x, X509_get_subject_name(authority)) == 1 && names_add(x, names, count)
        && extension_add(x, authority, NID_basic_constraints, "critical,CA:FALSE")
        && extension_add(x, authority, NID_key_usage, "critical,digitalSignature")
        && extension_add(x, authority, NID_ext_key_usage, "serverAuth")
        && extension_add(x, authority, NID_subject_key_identifier, "hash")
        && extension_add(x, authority, NID_authority_key_identifier, "keyid") && X509_sign(x, authority_key, EVP_sha256()) > 0)
        return x;
    X509_free(x);
    return NULL;
}

static bool bio_move(BIO *bio, struct buf *ret) {
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    if (len <= 0)
        return false;
    buf_add(ret, bytes, (size_t)len);
    return !ret->failed;
}

static bool pem_add(struct buf *ret, X509 *x) {
    OWNED(auto_bio) BIO *bio = BIO_new(BIO_s_mem());
    return bio != NULL && PEM_write_bio_X509(bio, x) == 1 && bio_move(bio, ret);
}

static bool key_add(struct buf *ret, EVP_PKEY *key) {
    OWNED(auto_bio) BIO *bio = BIO_new(BIO_s_secmem());
    return bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 && bio_move(bio, ret);
}

enum code cert_make(const char *const *names, size_t count, usec_t now, int days,
                    struct buf *ret_authority, struct buf *ret_chain, struct buf *ret_key, struct err *reterr) {
    PRE(names != NULL && count > 0 && days > 0);
    OWNED(auto_pkey) EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    OWNED(auto_pkey) EVP_PKEY *key = EVP_EC_gen("P-256");
    if (authority_key == NULL || key == NULL)
        return refused(reterr, "no key");
    OWNED(auto_x509) X509 *authority = make_authority(authority_key, now, days);
    if (authority == NULL)
        return refused(reterr, "the authority was refused");
    OWNED(auto_x509) X509 *leaf = make_leaf(key, authority, authority_key, names, count, now, days);
    if (leaf == NULL)
        return refused(reterr, "the server's part was refused");
    if (!pem_add(ret_authority, authority) || !pem_add(ret_chain, leaf) || !pem_add(ret_chain, authority) || !key_add(ret_key, key))
        return refused(reterr, "no memory");
    return OK;
}

static X509 *x509_read(const char *pem, size_t len) {
    ERR_clear_error();
    OWNED(auto_bio) BIO *bio = len > INT32_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
    return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static EVP_PKEY *key_read(const char *pem, size_t len) {
    ERR_clear_error();
    OWNED(auto_bio) BIO *bio = len > INT32_MAX ? NULL : BIO_new_mem_buf(pem, (int)len);
    return bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, (void *)(uintptr_t)"");
}

/* Read twice where the first time failed: the parts of the library pass want of memory on as a fault of what they read. */
static enum code first_of(const char *pem, size_t len, X509 **ret, struct err *reterr) {
    *ret = x509_read(pem, len) ?: x509_read(pem, len);
    if (*ret != NULL)
        return OK;
    return len <= INT32_MAX && starved() ? err_set(reterr, E_MEMORY, "no memory to read a certificate")
                                         : err_set(reterr, E_DAMAGED, "there is no certificate in PEM form in it");
}

static bool instant_of(const ASN1_TIME *t, usec_t *ret) {
    struct tm tm;
    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *ret = (usec_t)timegm(&tm) * USEC_PER_SEC;
    return true;
}

enum code cert_read(const char *pem, size_t len, struct cert_info *ret, struct err *reterr) {
    OWNED(auto_x509) X509 *x = NULL;
    struct cert_info info;
    enum code code = first_of(pem, len, &x, reterr);
    if (code != OK)
        return code;
    if (!instant_of(X509_get0_notBefore(x), &info.from) || !instant_of(X509_get0_notAfter(x), &info.until))
        return err_set(reterr, E_DAMAGED, "there is no certificate in PEM form in it");
    *ret = info;
    return OK;
}

bool cert_covers(const char *pem, size_t len, const char *name) {
    OWNED(auto_x509) X509 *x = NULL;
    struct err e;
    if (first_of(pem, len, &x, &e) != OK)
        return false;
    bool covers = x != NULL && (X509_check_host(x, name, strlen(name), 0, NULL) == 1 || X509_check_ip_asc(x, name, 0) == 1);
    ERR_clear_error();
    return covers;
}

/* X509_check_private_key calls a key another's also where there was no memory to compare them. */
static enum code public_same(X509 *x, EVP_PKEY *key, struct err *reterr) {
    unsigned char *one = NULL, *other = NULL;
    int len = i2d_PUBKEY(X509_get0_pubkey(x), &one), other_len = i2d_PUBKEY(key, &other);
    bool known = len > 0 && other_len > 0, same = known && len == other_len && memcmp(one, other, (size_t)len) == 0;
    OPENSSL_free(one);
    OPENSSL_free(other);
    if (!known)
        return err_set(reterr, E_MEMORY, "no memory to compare a private key");
    return same ? OK : E_CONFIG;
}

enum code cert_key_fits(const char *pem, size_t len, const char *key, size_t key_len, struct err *reterr) {
    OWNED(auto_x509) X509 *x = NULL;
    enum code code = first_of(pem, len, &x, reterr);
    if (code != OK)
        return code;
    OWNED(auto_pkey) EVP_PKEY *k = key_read(key, key_len) ?: key_read(key, key_len);
    if (k == NULL && key_len <= INT32_MAX && starved())
        return err_set(reterr, E_MEMORY, "no memory to read a private key");
    bool fits = k != NULL && (X509_check_private_key(x, k) == 1 || (code = public_same(x, k, reterr)) == OK);
    ERR_clear_error();
    if (code == E_MEMORY)
        return code;
    if (!fits)
        return err_set(reterr, E_CONFIG, k == NULL ? "the private key cannot be read (it must be PEM without a passphrase)"
                                                   : "the private key is not that of the certificate");
    return OK;
}
