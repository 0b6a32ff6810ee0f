/* explain_test.c — every form has words in every language, every line of the shipped charters becomes whole sentences,
 * and the grammar that is easy to get wrong is pinned. */
#include "charter/explain.c"
#include "base/test.h"
#include "charter/sample.h"

#include <stdlib.h>

TEST(every_form_has_words) {
    for (int f = 1; f < FORM_COUNT; f++)
        for (int l = 0; l < LANG_COUNT; l++) {
            const char *t = says[f].in[l];
            if (t == NULL)
                fail_msg("no words for %s", form_spec((enum form_id)f)->id);
            CHECK(t != NULL && strlen(t) > 10 && (t[strlen(t) - 1] == '.' || t[strlen(t) - 1] == ']'));
        }
}

static struct charter *load(const char *file) {
    const char *source = getenv("SEJF_SOURCE");
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf path = BUF(4096);
    struct charter *c = NULL;
    struct err e;
    buf_printf(&path, "%s/charters/%s.yaml", source != NULL ? source : ".", file);
    CHECK_OK(charter_load(buf_str(&path), f, &c, &e), &e);
    return c;
}

/* What a template leaves behind when something in it is wrong. */
static bool looks_whole(const char *text) {
    static const char *const bad[] = { "{", "}", "[", "\x01", "  ", " ,", " ;", "„”", "“”", ": .", ": ;", " ." };
    size_t n = strlen(text);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (strstr(text, bad[i]) != NULL)
            return false;
    return n > 10 && text[n - 1] == '.';
}

TEST(every_line_of_the_charters_is_whole_sentences) {
    static const char *const files[] = { "events", "courier", "mail", "machines", "bookings" };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO(charter_free) struct charter *c = load(files[i]);
        const struct line *lines;
        size_t n = charter_lines(c, &lines);
        CHECK(n > 80);
        for (size_t k = 0; k < n; k++)
            for (int l = 0; l < LANG_COUNT; l++) {
                AUTO(buf_done) struct buf out = BUF(1 << 16);
                explain_line(c, &lines[k], (enum lang)l, &out);
                if (!looks_whole(buf_str(&out)))
                    fail_msg("%s %s: %s", files[i], lines[k].path, buf_str(&out));
            }
    }
}

static void line_is(const struct charter *c, const char *path, const char *en, const char *pl, const char *hu) {
    const char *want[LANG_COUNT] = { en, pl, hu };
    const struct line *lines;
    size_t n = charter_lines(c, &lines), found = 0;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(lines[i].path, path) != 0)
            continue;
        found++;
        for (int l = 0; l < LANG_COUNT; l++) {
            AUTO(buf_done) struct buf out = BUF(1 << 16);
            explain_line(c, &lines[i], (enum lang)l, &out);
            CHECK_TEXT(buf_str(&out), want[l]);
        }
    }
    CHECK_INT(found, 1);
}

static struct charter *sample(void) {
    AUTO(findings_free) struct findings *f = findings_new();
    struct charter *c = NULL;
    struct err e;
    CHECK_OK(charter_load_text("sample.yaml", sample_text, sizeof sample_text - 1, f, &c, &e), &e);
    return c;
}

TEST(says_lines_in_three_languages) {
    AUTO(charter_free) struct charter *c = sample();
    line_is(c, "records.invoice.keep",
            "“invoice” is erased 5 years after the end of the year of “date of issue”: its keys are destroyed, and no copy can be read any more.",
            "Rekord „faktura” jest usuwany 5 lat po końcu roku z pola „data wystawienia”: jego klucze zostają zniszczone i żadnej kopii nie da się już odczytać.",
            "A „számla” rekord törlése „kiállítás dátuma” évének vége után 5 évvel történik: a kulcsai megsemmisülnek, és többé egyetlen másolat sem olvasható.");
    line_is(c, "records.event.when_deleted",
            "When a record of “event” is deleted: these are erased with it: “registration”; these are kept: “invoice”.",
            "Gdy rekord „wydarzenie” zostaje usunięty: razem z nim są usuwane: „zgłoszenie”; pozostają: „faktura”.",
            "A „rendezvény” rekord törlésekor: vele együtt törlődik: „jelentkezés”; megmarad: „számla”.");
    line_is(c, "records.registration.moves.waiting to cancelled",
            "Only the participant or the organiser may change “registration” from “on the waiting list” to “cancelled”.",
            "Stan rekordu „zgłoszenie” z „na liście rezerwowej” na „anulowane” może zmienić tylko uczestnik lub organizator.",
            "A „jelentkezés” rekord állapotát „várólistán” értékről „lemondva” értékre csak a résztvevő vagy szervező változtathatja.");
    line_is(c, "messages.pause",
            "Sending pauses when more than 5 % bounce or 0.1 % complain.",
            "Wysyłka zostaje wstrzymana, gdy ponad 5 % wiadomości wraca lub 0,1 % odbiorców się skarży.",
            "A küldés szünetel, ha a levelek több mint 5 %-a visszapattan, vagy a címzettek több mint 0,1 %-a panaszt tesz.");
    line_is(c, "who_sees.courier",
            "The courier sees “name” of the related “parcel” records (“assigned”), from “starts (parcel)” until 24 hours after “ends (parcel)”.",
            "„courier” widzi pole „imię i nazwisko” w powiązanych rekordach „parcel” (relacja „assigned”), od „początek (parcel)” do 24 godzin po „koniec (parcel)”.",
            "A „courier” ezt látja: „név” a kapcsolódó „parcel” rekordokban (kapcsolat: „assigned”), „kezdete (parcel)” időpontjától „vége (parcel)” után 24 óráig.");
    line_is(c, "records.parcel.keep.1",
            "“name” and “photo” of “parcel”: erased 90 days after “ends”.",
            "Pola „imię i nazwisko” i „zdjęcie” rekordu „parcel”: usuwane 90 dni po dacie z pola „koniec”.",
            "A „parcel” rekord „név” és „fénykép” mezői: törlésük „vége” után 90 nappal történik.");
    line_is(c, "records.position.keep",
            "“position” is erased 30 days after its creation: its keys are destroyed, and no copy can be read any more.",
            "Rekord „position” jest usuwany 30 dni po utworzeniu: jego klucze zostają zniszczone i żadnej kopii nie da się już odczytać.",
            "A „position” rekord törlése a létrehozás után 30 nappal történik: a kulcsai megsemmisülnek, és többé egyetlen másolat sem olvasható.");
    line_is(c, "records.parcel.holds.courier",
            "“courier” of “parcel”: a reference to “courier”; it may be missing; it lies outside the sealed part, because rules count with it.",
            "Pole „courier” w rekordzie „parcel”: odwołanie do „courier”; może go nie być; leży poza zapieczętowaną częścią, bo korzystają z niego reguły.",
            "A „parcel” rekord „courier” mezője: hivatkozás erre: „courier”; hiányozhat; a lepecsételt részen kívül áll, mert szabályok számolnak vele.");
}

/* The sample with what concerns accounts in it. */
static struct charter *with_accounts(void) {
    static const struct { const char *from, *to; } put[] = {
        { "    warn: organiser by email 14 days before\n", "    warn: organiser by email 14 days before, a late notice moves the erasure by at most 1 week\n" },
        { "  assigned: parcel.courier\n", "  assigned: parcel.courier, while parcel.state is next, until parcel.ends\n" },
        { "everything of own invoice, by private link\n", "everything of own invoice, by private link or sign-in\n" },
        { "    - everything of own parcel, as a file or a stream\n", "    - everything of own parcel, by sign-in\n" },
        { "sign_in:\n", "sign_in:\n  participant: password of 12 characters and a second step\n  recipient: passkey\n" },
        { "logs:", "sessions: end after 30 minutes without use, and after 12 hours\naccess: none, read or write for each event and courier\nlogs:" },
    };
    AUTO(findings_free) struct findings *f = findings_new();
    AUTO(buf_done) struct buf text = BUF(1 << 16);
    struct charter *c = NULL;
    struct err e;
    const char *rest = sample_text;
    for (size_t i = 0; i < ARRAY_LEN(put); i++) {    /* in the order of the file */
        const char *at = strstr(rest, put[i].from);
        CHECK(at != NULL);
        buf_add(&text, rest, (size_t)(at - rest));
        buf_text(&text, put[i].to);
        rest = at + strlen(put[i].from);
    }
    buf_text(&text, rest);
    CHECK_OK(charter_load_text("sample.yaml", buf_str(&text), text.len, f, &c, &e), &e);
    return c;
}

TEST(says_lines_about_accounts_in_three_languages) {
    AUTO(charter_free) struct charter *c = with_accounts();
    line_is(c, "records.registration.warn",
            "The organiser gets an e-mail 14 days before “registration” is erased; one that goes out late moves the erasure by at most 1 week.",
            "14 dni przed usunięciem rekordu „zgłoszenie” wiadomość e-mail dostaje organizator; jeśli wyjdzie ona później, usunięcie przesuwa się o najwyżej 1 tydzień.",
            "A „jelentkezés” rekord törlése előtt 14 nappal e-mailt kap a szervező; ha az később megy ki, a törlés legfeljebb 1 héttel tolódik el.");
    line_is(c, "relations.assigned",
            "“assigned” is whom “courier (parcel)” names, while “status (parcel)” is “next”, until “ends (parcel)”.",
            "Relacja „assigned” łączy rekord z tym, kogo wskazuje „courier (parcel)”, dopóki „stan (parcel)” ma wartość „next”, do „koniec (parcel)”.",
            "Az „assigned” kapcsolat azé, akit „courier (parcel)” megnevez, amíg „állapot (parcel)” értéke „next”, „vége (parcel)” időpontjáig.");
    line_is(c, "who_sees.participant",
            "The participant sees everything of its own “registration” and “invoice” records, by private link or signed in to an account.",
            "Uczestnik widzi wszystkie pola we własnych rekordach „zgłoszenie” i „faktura”, przez prywatny odnośnik lub po zalogowaniu na konto.",
            "A résztvevő ezt látja: minden mező a saját „jelentkezés” és „számla” rekordokban, személyes hivatkozáson át vagy fiókba bejelentkezve.");
    line_is(c, "who_sees.recipient.0",
            "The recipient sees everything of its own “parcel” records, signed in to an account.",
            "„recipient” widzi wszystkie pola we własnych rekordach „parcel”, po zalogowaniu na konto.",
            "A „recipient” ezt látja: minden mező a saját „parcel” rekordokban, fiókba bejelentkezve.");
    line_is(c, "sessions",
            "A session ends after 30 minutes without use and after 12 hours in all; whoever it belongs to may end it at once.",
            "Sesja kończy się po 30 minutach bez użycia i najpóźniej po 12 godzinach; jej właściciel może ją zakończyć od razu.",
            "A munkamenet 30 perc tétlenség után, de legkésőbb 12 óra elteltével véget ér; a gazdája bármikor azonnal lezárhatja.");
    line_is(c, "access",
            "Each account has no, read or write access for each record of “event” or “courier” and for what belongs to it.",
            "Dostęp każdego konta do każdego rekordu „wydarzenie” lub „courier” i do tego, co do niego należy, to brak, odczyt albo zapis.",
            "Minden fiók joga minden „rendezvény” vagy „courier” rekordhoz és ahhoz, ami hozzá tartozik: semmi, olvasás vagy írás.");
}

TEST(lists_lines_that_are_not_kept_yet) {
    AUTO(charter_free) struct charter *c = sample();
    AUTO(buf_done) struct buf out = BUF(1 << 16);
    size_t n = explain_later(c, &out), rows = 0, later = 0;
    const struct line *lines;
    for (const char *p = buf_str(&out); *p != '\0'; p++)
        rows += *p == '\n';
    for (size_t i = charter_lines(c, &lines); i > 0; i--)
        later += lines[i - 1].kind == LINE_RULE && !lines[i - 1].detail && rule_state(lines[i - 1].rule) == LATER;
    CHECK(rows == n && later == n);
    if (rule_state(RULE_mail_reputation) == LATER)
        CHECK(strstr(buf_str(&out), "sample.yaml:117: not kept yet: messages.pause: above 5 % bounced or 0.1 % complaints (mail_reputation)\n") != NULL);
    CHECK(strstr(buf_str(&out), "tenant_wall") == NULL);
}

static const char *tries(enum rule rule) { return rule == RULE_tenant_wall ? "asks for another tenant's record" : NULL; }

TEST(explains_with_rule_probe_and_ids) {
    AUTO(charter_free) struct charter *c = sample();
    AUTO(buf_done) struct buf out = BUF(1 << 20);
    explain_charter(c, 1u << LANG_EN, tries, &out);
    const char *text = buf_str(&out);
    CHECK(strstr(text, "tenant  (line 17)\n  says   organiser\n  en     Each organiser reaches only the records of its own; those of others do not exist for it.\n"
                       "  rule   tenant_wall: A caller reaches records of its own tenant only; others do not exist for it.\n"
                       "  probe  asks for another tenant's record\n") != NULL);
    CHECK(strstr(text, "  rule   retention_due: ") != NULL && strstr(text, "  ids    K-07, K-08\n") != NULL && strstr(text, "  pl ") == NULL);
}
