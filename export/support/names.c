/* Keeping a name by mistake is worse than losing a word: whatever is not certainly harmless becomes a pseudonym. */
#include "export/support/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/hash.h"
#include "base/text.h"

#define WORD_MAX  160
#define BLOCK_LEN 64 /* of SHA-256 */
#define SHORT_MAX 3  /* shorter texts occur inside words by chance */

/* ---- the table ---- */

static const struct {
    const char *name;
    enum support_class class;
} fields[] = {
#define SUPPORT_FIELD(name, class) {#name, SUPPORT_##class},
#include "export/support/fields.def"
#undef SUPPORT_FIELD
};

static int by_name(const void *key, const void *row) {
    const struct bytes *name = key;
    return bytes_cmp(*name, bytes_of(*(const char *const *)row));
}

enum support_class support_class_of(struct bytes name) {
    const char *const *found = bsearch(&name, fields, sizeof(fields) / sizeof(fields[0]), sizeof(fields[0]), by_name);
    return found == NULL ? SUPPORT_NONE : fields[((const char *)found - (const char *)fields) / sizeof(fields[0])].class;
}

/* ---- identities ---- */

void support_names_init(struct support_names *names) {
    *names = (struct support_names){0};
    crypt_random(names->key, sizeof(names->key));
    buf_init(&names->own, (size_t)1 << 20);
}

void support_names_done(struct support_names *names) {
    crypt_wipe(names->key, sizeof(names->key));
    buf_done(&names->own);
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 'a' - 'A') : c;
}

static bool is_alnum(uint8_t c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c >= 0x80;
}

static struct bytes next_identity(struct bytes *rest) {
    struct bytes one = {rest->p + 2, (size_t)rest->p[0] << 8 | rest->p[1]};
    *rest = (struct bytes){one.p + one.n, rest->n - 2 - one.n};
    return one;
}

static bool same_letters(const uint8_t *text, struct bytes identity) {
    for (size_t i = 0; i < identity.n; i++) {
        if (lower(text[i]) != identity.p[i]) return false;
    }
    return true;
}

static void add_one(struct support_names *names, struct bytes identity) {
    struct bytes rest = bytes_of_buf(&names->own);
    if (identity.n < SHORT_MAX || identity.n > WORD_MAX || names->n_identities == SUPPORT_IDENTITIES_MAX) {
        return;
    }
    for (size_t i = 0; i < names->n_identities; i++) {
        struct bytes one = next_identity(&rest);
        if (one.n == identity.n && same_letters(identity.p, one)) return;
    }
    buf_put_be16(&names->own, (uint16_t)identity.n);
    for (size_t i = 0; i < identity.n; i++) {
        buf_put_u8(&names->own, lower(identity.p[i]));
    }
    names->n_identities += names->own.fail == 0;
}

void support_names_add(struct support_names *names, struct bytes identity) {
    size_t n = 0;
    add_one(names, identity);
    while (n < identity.n && identity.p[n] != '/' && identity.p[n] != '.') {
        n++;
    }
    add_one(names, (struct bytes){identity.p, n});
    while (n < identity.n && identity.p[n] != '/') {
        n++;
    }
    add_one(names, (struct bytes){identity.p, n}); /* the host of an origin */
}

void support_names_add_actor(struct support_names *names, struct bytes actor) {
    static const char *const people[] = {"user:", "person:", "human:", "operator:", "controller:"};
    for (size_t i = 0; i < sizeof(people) / sizeof(people[0]); i++) {
        size_t n = strlen(people[i]);
        if (bytes_has_prefix(actor, people[i])) {
            add_one(names, (struct bytes){actor.p + n, actor.n - n});
            return;
        }
    }
    if (bytes_find(actor, ':') == NULL) {
        add_one(names, actor);
    }
}

static bool has_identity(const struct support_names *names, struct bytes text) {
    struct bytes rest = bytes_of_buf(&names->own);
    for (size_t i = 0; i < names->n_identities; i++) {
        struct bytes one = next_identity(&rest);
        for (size_t at = 0; at + one.n <= text.n; at++) {
            bool alone = (at == 0 || !is_alnum(text.p[at - 1])) && (at + one.n == text.n || !is_alnum(text.p[at + one.n]));
            if (alone && same_letters(text.p + at, one)) return true;
        }
    }
    return false;
}

/* ---- what may be kept ---- */

/* Whether it has four numbers separated by dots, anywhere, or the colons of an IPv6 address. */
static bool has_address(struct bytes text) {
    size_t dots = 0, digits = 0, colons = 0;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        if (c >= '0' && c <= '9') {
            digits++;
            if (dots == 3 && digits > 0) return true;
        } else if (c == '.' && digits > 0 && digits <= 3) {
            dots++;
            digits = 0;
        } else {
            dots = 0;
            digits = 0;
        }
        colons += c == ':';
    }
    return colons >= 3;
}

/* "db.corp.example/x": a first part with a dot, and more after a slash. */
static bool begins_as_host(struct bytes text) {
    bool dot = false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '/') return dot;
        dot = dot || text.p[i] == '.';
    }
    return false;
}

static bool contains(struct bytes text, const char *what) {
    size_t n = strlen(what);
    for (size_t at = 0; at + n <= text.n; at++) {
        if (same_letters(text.p + at, (struct bytes){(const uint8_t *)what, n})) return true;
    }
    return false;
}

bool support_is_word(const struct support_names *names, struct bytes text, bool spaces) {
    static const char *const marks[] = {"/home/", "/users/", "://", "localhost", ".local", ".lan", ".internal"};
    if (text.n > WORD_MAX || (text.n > 0 && (text.p[0] == '/' || text.p[0] == '~' || text.p[0] == '.'))) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool mark = c != 0 && strchr("._:+-/()=,%*#", c) != NULL;
        if (c >= 0x80 || (!is_alnum(c) && !mark && !(spaces && c == ' '))) return false;
    }
    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (contains(text, marks[i])) return false;
    }
    return !has_address(text) && !begins_as_host(text) && !has_identity(names, text);
}

/* "sha256:" and 64 hex digits, or the name of an artifact. */
static bool is_digest(struct bytes text) {
    static const char *const leads[] = {"sha256:", "artifact:sha256:"};
    uint8_t digest[HASH_LEN];
    for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++) {
        size_t n = strlen(leads[i]);
        if (bytes_has_prefix(text, leads[i]) && text.n == n + 2 * sizeof(digest) &&
            text_unhex(digest, sizeof(digest), (struct bytes){text.p + n, text.n - n}) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- pseudonyms ---- */

/* RFC 2104 with SHA-256. */
static void hmac(uint8_t ret[HASH_LEN], const uint8_t key[SUPPORT_KEY_LEN], struct bytes value) {
    uint8_t pad[BLOCK_LEN], inner[HASH_LEN];
    for (size_t i = 0; i < sizeof(pad); i++) {
        pad[i] = (i < SUPPORT_KEY_LEN ? key[i] : 0) ^ 0x36;
    }
    hash_parts(inner, (struct bytes[]){{pad, sizeof(pad)}, value}, 2);
    for (size_t i = 0; i < sizeof(pad); i++) {
        pad[i] ^= 0x36 ^ 0x5c;
    }
    hash_parts(ret, (struct bytes[]){{pad, sizeof(pad)}, {inner, sizeof(inner)}}, 2);
    crypt_wipe(pad, sizeof(pad));
}

static void put_tag(struct support_names *names, char letter, struct bytes value, struct buf *out) {
    uint8_t mac[HASH_LEN];
    char hex[13];
    hmac(mac, names->key, value);
    text_hex(hex, mac, 6);
    buf_printf(out, "%c-%s", letter, hex);
    names->replaced++;
}

static const struct {
    const char *prefix;
    char letter;
} sorts[] = {
    [SUPPORT_ACTOR] = {"actor", 'u'}, [SUPPORT_HOST] = {"host", 'h'},     [SUPPORT_ADDRESS] = {"address", 'a'},
    [SUPPORT_PATH] = {"path", 'p'},   [SUPPORT_ORIGIN] = {"origin", 'o'}, [SUPPORT_RUN] = {"run", 'r'},
    [SUPPORT_ID] = {"id", 'i'},       [SUPPORT_NAME] = {"name", 'n'},     [SUPPORT_KEY] = {"key", 'k'},
    [SUPPORT_TEXT] = {"text", 't'},
};

/* "user:alice": the kind of actor is kept when it is a common one. */
static bool put_actor(struct support_names *names, struct bytes value, struct buf *out) {
    static const char *const known[] = {"user",       "person",   "human",   "agent",  "service",
                                        "controller", "operator", "hook",    "policy", "rule",
                                        "scheduler",  "model",    "program", "tool",   "ledger"};
    const uint8_t *colon = value.n > 0 ? memchr(value.p, ':', value.n) : NULL;
    size_t n = colon == NULL ? 0 : (size_t)(colon - value.p);
    for (size_t i = 0; colon != NULL && i < sizeof(known) / sizeof(known[0]); i++) {
        if (bytes_is((struct bytes){value.p, n}, known[i])) {
            buf_printf(out, "%s:", known[i]);
            put_tag(names, 'u', (struct bytes){colon + 1, value.n - n - 1}, out);
            return true;
        }
    }
    return false;
}

/* Appends "run:r-3f2a0c...": 12 hex digits. */
static void put_pseudonym(struct support_names *names, enum support_class class, struct bytes value, struct buf *out) {
    if (class != SUPPORT_ACTOR || !put_actor(names, value, out)) {
        buf_printf(out, "%s:", sorts[class].prefix);
        put_tag(names, sorts[class].letter, value, out);
    }
}

/* Punctuation that may surround a word in a sentence. */
static bool is_stop(uint8_t c) {
    return c != 0 && strchr("'\"`,;:.!?()", c) != NULL;
}

/* Appends a sentence that the program itself wrote: words are kept, others become pseudonyms one by one. */
static void put_sentence(struct support_names *names, struct bytes text, struct buf *out) {
    for (size_t at = 0, n; at < text.n; at += n) {
        for (n = 0; at + n < text.n && (text.p[at + n] == ' ' || is_stop(text.p[at + n]));) {
            n++;
        }
        buf_put(out, text.p + at, n);
        at += n;
        for (n = 0; at + n < text.n && text.p[at + n] != ' ';) {
            n++;
        }
        size_t end = n;
        while (end > 0 && is_stop(text.p[at + end - 1])) {
            end--;
        }
        struct bytes word = {text.p + at, end};
        if (support_is_word(names, word, false)) {
            buf_put_bytes(out, word);
        } else {
            put_pseudonym(names, SUPPORT_TEXT, word, out);
        }
        buf_put(out, text.p + at + end, n - end);
    }
}

bool support_text(struct support_names *names, enum support_class class, struct bytes value, struct buf *out) {
    if (class == SUPPORT_OUT) return false;
    if (value.n == 0 || is_digest(value)) {
        buf_put_bytes(out, value);
    } else if (class == SUPPORT_NONE) {
        return false;
    } else if (class != SUPPORT_WORD && class != SUPPORT_PHRASE) {
        put_pseudonym(names, class, value, out);
    } else if (support_is_word(names, value, class == SUPPORT_PHRASE)) {
        buf_put_bytes(out, value);
    } else if (names->sentences && bytes_find(value, ' ') != NULL) {
        put_sentence(names, value, out);
    } else {
        put_pseudonym(names, SUPPORT_TEXT, value, out);
    }
    return true;
}

void support_subject(struct support_names *names, struct bytes subject, struct buf *out) {
    const uint8_t *slash = subject.n > 0 ? memchr(subject.p, '/', subject.n) : NULL;
    size_t n = slash == NULL ? subject.n : (size_t)(slash - subject.p);
    struct bytes noun = {subject.p, n};
    struct bytes rest = slash == NULL ? (struct bytes){0} : (struct bytes){slash + 1, subject.n - n - 1};
    enum support_class class = support_class_of(noun);
    if (slash == NULL || class == SUPPORT_NONE || class == SUPPORT_OUT) {
        class = support_is_word(names, noun, false) && slash != NULL ? SUPPORT_NAME : SUPPORT_TEXT;
    }
    if (class == SUPPORT_TEXT) {
        put_pseudonym(names, SUPPORT_TEXT, subject, out);
        return;
    }
    buf_put_bytes(out, noun);
    buf_put_u8(out, '/');
    if ((class == SUPPORT_WORD || class == SUPPORT_PHRASE) && support_is_word(names, rest, false)) {
        buf_put_bytes(out, rest);
    } else {
        put_tag(names, class == SUPPORT_WORD || class == SUPPORT_PHRASE ? 't' : sorts[class].letter, rest, out);
    }
}
