/* access_pack.h — everything that a tenant holds about one person, as one archive (doc/pack.h) that anybody can check:
 *
 *   cover.pdf             a letter in the person's language: what lies here, and what the person may do
 *   letter.pdf            the answer to the request for which it is given, where there is one
 *   about.html            why it is held, on what ground, for how long, who receives it, rights, authority (Art. 15(1) and (2) of the GDPR)
 *   pack.json             whose, when, how many
 *   records/KIND.json     the person's own records, with a label for each name and the date of erasure of each part
 *   records/KIND.csv      the same as a table
 *   schema/KIND.json      JSON Schema of records/KIND.json
 *   files/KIND/…          what was uploaded
 *   others/KIND.json      records of somebody else that name the person: what names it, and what is not personal where who_sees lets the person see it
 *   choices.json          consents given, refused and withdrawn, with the text that was read; objections; restrictions
 *   messages.json         letters to the person that wait to be delivered
 *   account.json          the person's account with the tenant, where there is one
 *   who_looked.json       who read the records, and when
 *   manifest.txt          SHA-256 of each file above
 *   signature.json        the keeper's signature of the manifest
 *
 * For portability (Art. 20) it holds what the person has given, of kinds that rest on a contract or a consent, with plain names; cover,
 * manifest and signature. Memory does not grow with the number of records. What is read leaves its trace under the caller, and an entry
 * in the tenant's ledger says that it was packed: both without values. Blocks; thread-safe. */
#pragma once
#include "doc/pack.h"
#include "rights/subject.h"

enum pack_purpose { PACK_ACCESS, PACK_PORTABILITY, PACK_PURPOSES };
const char *pack_purpose_name(enum pack_purpose purpose);          /* "access", "portability" */

struct pack_job {
    enum pack_purpose purpose;
    const struct subject *about;
    const struct caller *who;                  /* who asked for it */
    const json_t *account;                     /* what is known of the person's account with the tenant; NULL: none */
    bool only_seen;                            /* of each record what `who` may see: who came by a private link */
    const struct buf *letter;                  /* PDF; NULL: none */
    const char *tenant_name;
    enum lang lang;                            /* of letter and labels */
    usec_t now;
    /* Appends the notice of a kind, as HTML: made from the charter (api/page_notice.h). NULL: about.html is left out. */
    void (*notice)(void *arg, int kind, enum lang lang, struct buf *ret); void *arg;
    /* Told of each key whose contents go into the archive: one that is kept goes with them. E: the pack ends with it. NULL: nobody keeps it. */
    enum code (*holds)(void *arg, const key_id *keys, size_t count, struct err *reterr); void *holds_arg;
};
struct packed { uint64_t records, others, files, damaged; };
MUST_USE enum code access_pack_write(struct service *s, int64_t tenant, const struct pack_job *job, const struct sink *out, struct packed *ret, struct err *reterr);

/* Does a portability pack hold anything of that kind, and which fields? */
fieldset pack_portable(const struct kind *k);

/* What a check of an archive found; E_DAMAGED says what is wrong, and names the file. public NULL: the key that the archive names, which
 * shows that it is whole, and not whose it is. */
struct pack_check { uint64_t files; usec_t made; char service[64], purpose[32], key[2 * PUBLIC_SIZE + 1]; };
/* One file of an archive, appended; nothing where it is not there. It is not checked. */
MUST_USE enum code access_pack_file(int fd, const char *name, struct buf *ret, struct err *reterr);
MUST_USE enum code access_pack_verify(int fd, const uint8_t public[PUBLIC_SIZE], struct pack_check *ret, struct err *reterr);
