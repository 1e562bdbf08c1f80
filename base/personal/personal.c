/* One walk over the text: each byte that may begin something is given to its validator. Of two that overlap, the first counts. */
#include "base/personal/personal.h"

#include "base/personal/plain.h"

const char *personal_name(enum personal_kind kind) {
    static const char *const names[] = {
        [PERSONAL_EMAIL] = "email", [PERSONAL_PHONE] = "phone", [PERSONAL_IBAN] = "iban", [PERSONAL_CARD] = "card"};
    return names[kind];
}

static bool take(struct personal_hit *ret, enum personal_kind kind, size_t at, size_t n) {
    if (n == 0) return false;
    *ret = (struct personal_hit){kind, at, n};
    return true;
}

int personal_next(struct bytes text, size_t from, struct personal_hit *ret) {
    for (size_t i = from; i < text.n; i++) {
        uint8_t c = text.p[i];
        size_t at = i;
        if (c == '@') {
            size_t n = personal_email(text, from, i, &at);
            if (take(ret, PERSONAL_EMAIL, at, n)) return 0;
        } else if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
            if (take(ret, PERSONAL_IBAN, i, personal_iban(text, i))) return 0;
        } else if ((c >= '0' && c <= '9') || c == '+' || c == '(') {
            if (take(ret, PERSONAL_CARD, i, personal_card(text, i))) return 0;
            if (take(ret, PERSONAL_PHONE, i, personal_phone(text, i))) return 0;
        }
    }
    return 1;
}

void personal_mask(struct buf *out, struct bytes text, size_t counts[PERSONAL_KINDS]) {
    struct personal_hit hit;
    struct plain plain;
    size_t from = 0, done = 0;
    int rc = plain_make(&plain, text);
    if (rc != 0) out->fail = out->fail != 0 ? out->fail : rc;
    for (; rc == 0 && personal_next(bytes_of_buf(&plain.text), from, &hit) == 0; from = hit.at + hit.n) {
        const size_t at = plain.at[hit.at], end = plain.at[hit.at + hit.n];
        buf_put(out, text.p + done, at - done);
        buf_printf(out, "\u2039personal:%s:%zu\u203a", personal_name(hit.kind), end - at);
        counts[hit.kind]++;
        done = end;
    }
    if (done < text.n) buf_put(out, text.p + done, text.n - done);
    plain_done(&plain);
}
