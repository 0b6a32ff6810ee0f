/* decimal.c — exact decimal numbers and money: digits are moved, never calculated in binary fractions. */
#include <stdio.h>
#include <string.h>

#include "records/value.h"

#define WHOLE_MAX 12u
#define FRACTION_MAX 6u
#define AMOUNT_DIGITS 15u

struct digits { bool minus; const char *whole, *fraction; size_t whole_len, fraction_len; };

static size_t digit_run(const char *p, const char *end) {
    size_t n = 0;
    while (p + n < end && p[n] >= '0' && p[n] <= '9')
        n++;
    return n;
}

/* [-+]digits[.digits], needless zeros passed over. */
static bool digits_read(const char *text, size_t len, bool comma, struct digits *ret) {
    const char *p = text, *end = text + len;
    struct digits d = { 0 };
    if (p < end && (*p == '-' || *p == '+'))
        d.minus = *p++ == '-';
    d.whole = p;
    d.whole_len = digit_run(p, end);
    p += d.whole_len;
    if (d.whole_len == 0)
        return false;
    if (p < end && (*p == '.' || (comma && *p == ','))) {
        d.fraction = ++p;
        d.fraction_len = digit_run(p, end);
        p += d.fraction_len;
        if (d.fraction_len == 0)
            return false;
    }
    if (p != end)
        return false;
    while (d.whole_len > 1 && *d.whole == '0')
        d.whole++, d.whole_len--;
    while (d.fraction_len > 0 && d.fraction[d.fraction_len - 1] == '0')
        d.fraction_len--;
    if (d.whole_len == 1 && *d.whole == '0' && d.fraction_len == 0)
        d.minus = false;
    *ret = d;
    return true;
}

bool decimal_read(const char *text, size_t len, bool comma, struct decimal *ret) {
    struct digits d;
    int64_t micro = 0;
    if (!digits_read(text, len, comma, &d) || d.whole_len > WHOLE_MAX || d.fraction_len > FRACTION_MAX)
        return false;
    for (size_t i = 0; i < d.whole_len; i++)
        micro = micro * 10 + (d.whole[i] - '0');
    for (size_t i = 0; i < FRACTION_MAX; i++)
        micro = micro * 10 + (i < d.fraction_len ? d.fraction[i] - '0' : 0);
    ret->micro = d.minus ? -micro : micro;
    snprintf(ret->text, sizeof ret->text, "%s%.*s%s%.*s", d.minus ? "-" : "", (int)d.whole_len, d.whole,
             d.fraction_len > 0 ? "." : "", (int)d.fraction_len, d.fraction_len > 0 ? d.fraction : "");
    return true;
}

bool amount_read(const char *text, size_t len, bool comma, int places, char ret[40]) {
    static const char zeros[] = "000000";
    struct digits d;
    if (!digits_read(text, len, comma, &d) || d.fraction_len > (size_t)places || d.whole_len + (size_t)places > AMOUNT_DIGITS)
        return false;
    snprintf(ret, 40, "%s%.*s%s%.*s%.*s", d.minus ? "-" : "", (int)d.whole_len, d.whole, places > 0 ? "." : "", (int)d.fraction_len,
             d.fraction_len > 0 ? d.fraction : "", places - (int)d.fraction_len, zeros);
    return true;
}

/* ISO 4217, active codes, by the number of decimal places. */
static const struct { int places; const char *codes; } currencies[] = {
    { 2, "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE "
         "CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD "
         "KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR "
         "PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU "
         "UZS VED VES WST XCD YER ZAR ZMW ZWG " },
    { 0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF " },
    { 3, "BHD IQD JOD KWD LYD OMR TND " },
};

int currency_places(const char code[3]) {
    for (size_t i = 0; i < ARRAY_LEN(currencies); i++)
        for (const char *p = currencies[i].codes; *p != 0; p += 4)
            if (memcmp(p, code, 3) == 0)
                return currencies[i].places;
    return -1;
}
