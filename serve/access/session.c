/* Secrets are compared as their digests, in constant time. */
#include "serve/access/session.h"

#include <string.h>

#include "base/crypt.h"
#include "base/text.h"

void sessions_init(struct sessions *s) {
    memset(s, 0, sizeof(*s));
    crypt_random(s->key, sizeof(s->key));
}

bool session_code(struct sessions *s, uint64_t now, char ret[SESSION_CODE]) {
    static const char letters[] = "23456789abcdefghjkmnpqrstuvwxyz2"; /* 32, of which '2' is there twice */
    uint8_t random[16];
    if (now < s->code_next) return false;
    crypt_random(random, sizeof(random));
    for (size_t i = 0, at = 0; i < sizeof(random); i++) {
        if (i > 0 && i % 4 == 0) ret[at++] = '-';
        ret[at++] = letters[random[i] % 32];
        ret[at] = '\0';
    }
    struct bytes text = bytes_of(ret);
    hash_parts(s->code, &text, 1);
    s->has_code = true;
    s->tries = 0;
    s->code_until = now + SESSION_CODE_NS;
    s->code_next = now + SESSION_EVERY_NS;
    return true;
}

static void make_id(char ret[SESSION_ID]) {
    uint8_t secret[32];
    crypt_random(secret, sizeof(secret));
    text_hex(ret, secret, sizeof(secret));
    crypt_wipe(secret, sizeof(secret));
}

static void drop(struct sessions *s, size_t i) {
    memmove(&s->one[i], &s->one[i + 1], (s->n - i - 1) * sizeof(s->one[0]));
    s->n--;
}

bool session_begin(struct sessions *s, struct bytes code, uint64_t now, char ret_id[SESSION_ID]) {
    uint8_t digest[HASH_LEN];
    hash_parts(digest, &code, 1);
    bool good = s->has_code && now < s->code_until && crypt_same(digest, s->code, HASH_LEN);
    if (!good) {
        s->has_code = s->has_code && ++s->tries < SESSION_TRIES_MAX;
        return false;
    }
    s->has_code = false;
    if (s->n == SESSIONS_MAX) drop(s, 0);
    make_id(ret_id);
    struct bytes id = bytes_of(ret_id);
    hash_parts(s->one[s->n].sha256, &id, 1);
    s->one[s->n++].until = now + SESSION_LIFE_NS;
    return true;
}

/* The value of our cookie; the first one counts (RFC 6265, 5.4). */
static struct bytes cookie_of(struct bytes cookies) {
    static const char name[] = SESSION_COOKIE "=";
    while (cookies.n > 0) {
        const uint8_t *semicolon = memchr(cookies.p, ';', cookies.n);
        struct bytes one = {cookies.p, semicolon != NULL ? (size_t)(semicolon - cookies.p) : cookies.n};
        size_t skip = one.n + (semicolon != NULL ? 1 : 0);
        while (one.n > 0 && one.p[0] == ' ') {
            one.p++;
            one.n--;
        }
        if (bytes_has_prefix(one, name)) return (struct bytes){one.p + strlen(name), one.n - strlen(name)};
        cookies.p += skip;
        cookies.n -= skip;
    }
    return (struct bytes){0};
}

static size_t index_of(const struct sessions *s, struct bytes id) {
    uint8_t digest[HASH_LEN];
    size_t found = SIZE_MAX;
    hash_parts(digest, &id, 1);
    for (size_t i = 0; i < s->n; i++) {
        if (crypt_same(digest, s->one[i].sha256, HASH_LEN)) found = i;
    }
    return found;
}

bool session_find(const struct sessions *s, struct bytes cookies, uint64_t now, struct bytes *ret_id) {
    struct bytes id = cookie_of(cookies);
    size_t i = id.n > 0 ? index_of(s, id) : SIZE_MAX;
    if (i == SIZE_MAX || now >= s->one[i].until) return false;
    *ret_id = id;
    return true;
}

void session_end(struct sessions *s, struct bytes id) {
    size_t i = index_of(s, id);
    if (i != SIZE_MAX) drop(s, i);
}

void session_form(const struct sessions *s, struct bytes id, char ret[SESSION_ID]) {
    uint8_t word[32];
    crypt_keyed_hash(word, id, s->key);
    text_hex(ret, word, sizeof(word));
}

bool session_form_is(const struct sessions *s, struct bytes id, struct bytes word) {
    char wanted[SESSION_ID];
    session_form(s, id, wanted);
    return word.n == SESSION_ID - 1 && crypt_same(word.p, wanted, word.n);
}
