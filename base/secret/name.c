/* Names of fields, variables and headers whose value is a secret.
 *
 * A name is split into words at '-', '_', '.', blanks and capitals ("clientSecret", "X-API-Key", "DB_PASSWORD"); words
 * that only say how the value is written are dropped from its end ("client_secret_value", "api_key_2"), and the rest
 * must end with a word of the table. "token" is difficult, since language models count and name tokens of another kind:
 * it means a secret unless the word before it belongs to them. */
#include <string.h>

#include "base/secret/check.h"

enum {
    NAME_MAX_BYTES = 96, /* of a longer name only the end counts */
    WORD_MAX = 24
};

struct words {
    char text[NAME_MAX_BYTES + 1];     /* the words, lower case, nothing between them */
    uint8_t start[NAME_MAX_BYTES + 1]; /* where each word begins in text; one more for the end */
    size_t count;
};

/* The words of the table. */
static const struct {
    const char *text;
    size_t n;
} ANYWHERE[] = {
#define WORD(text)
#define ENDING(text) {text, sizeof(text) - 1},
#include "base/secret/names.def"
#undef WORD
#undef ENDING
};
static const char *const WORDS[] = {
#define WORD(text) text,
#define ENDING(text)
#include "base/secret/names.def"
#undef WORD
#undef ENDING
};
/* Suffixes that do not change whether it is a secret. */
static const char *const SUFFIXES[] = {"value", "plain", "plaintext", "raw",     "string",  "base64",      "b64",
                                       "pem",   "old",   "new",       "current", "confirm", "confirmation"};
/* First words of yes-or-no names. */
static const char *const QUESTIONS[] = {"is",   "has", "have", "needs", "need",   "requires", "require", "use",    "uses",
                                        "with", "no",  "show", "hide",  "forgot", "allow",    "enable",  "without"};
/* Words before "token" when it is not a secret: parts of a text, or a place in a list. */
static const char *const MODEL_TOKENS[] = {
    "eos",     "bos",        "eot",    "eom",          "pad",      "unk",        "sep",       "cls",      "mask",
    "stop",    "start",      "end",    "begin",        "special",  "added",      "first",     "last",     "next",
    "prev",    "previous",   "per",    "to",           "of",       "a",          "the",       "one",      "each",
    "every",   "by",         "page",   "continuation", "continue", "cursor",     "progress",  "cancel",   "cancellation",
    "sync",    "skip",       "max",    "min",          "num",      "n",          "new",       "input",    "output",
    "prompt",  "completion", "total",  "cached",       "text",     "image",      "audio",     "video",    "word",
    "sub",     "control",    "draft",  "think",        "thinking", "reasoning",  "bad",       "suppress", "fim",
    "prefix",  "suffix",     "middle", "role",         "turn",     "system",     "assistant", "tool",     "decoder",
    "encoder", "sampled",    "top",    "chosen",       "byte",     "pagination", "paging",    "marker",   "unused",
    "single",  "extra",
};

/* Short words for a password and for other values; and the owners that mark them as passwords. */
static const char *const SHORT[] = {"pwd", "pass", "pw"};
static const char *const OWNERS[] = {"db",       "user",  "admin", "smtp", "ssh",  "root",  "mysql",
                                     "redis",    "proxy", "login", "ftp",  "http", "basic", "postgres",
                                     "database", "mail",  "auth",  "bind", "ldap", "imap"};

static bool in_list(const char *const *list, size_t count, const char *word) {
    for (size_t i = 0; i < count; i++) {
        if (list[i][0] == word[0] && strcmp(list[i], word) == 0) return true;
    }
    return false;
}
#define IN_LIST(list, word) in_list(list, sizeof(list) / sizeof((list)[0]), word)

static void split(struct words *w, struct bytes name) {
    size_t n = 0, from = name.n > NAME_MAX_BYTES ? name.n - NAME_MAX_BYTES : 0;
    bool fresh = true; /* the next letter begins a word */
    w->count = 0;
    for (size_t i = from; i < name.n; i++) {
        uint8_t c = name.p[i];
        unsigned class = secret_class(c);
        if ((class & SET_ALNUM) == 0 && c < 0x80) {
            fresh = true;
            continue;
        }
        if (class == SET_UPPER && i > from) {
            bool after_small = (secret_class(name.p[i - 1]) & (SET_LOWER | SET_DIGIT)) != 0;
            bool before_small = i + 1 < name.n && (secret_class(name.p[i + 1]) & SET_LOWER) != 0;
            bool after_upper = secret_class(name.p[i - 1]) == SET_UPPER;
            fresh = fresh || after_small || (after_upper && before_small);
        }
        if (fresh) {
            w->start[w->count++] = (uint8_t)n;
            fresh = false;
        }
        w->text[n++] = (char)secret_lower(c);
    }
    w->text[n] = '\0';
    w->start[w->count] = (uint8_t)n;
}

/* Copies word i, or "" when there is none or it is too long. */
static void word_of(const struct words *w, size_t i, char ret[WORD_MAX]) {
    size_t n = i < w->count ? (size_t)(w->start[i + 1] - w->start[i]) : 0;
    n = n < WORD_MAX ? n : 0;
    if (n != 0) {
        memcpy(ret, w->text + w->start[i], n);
    }
    ret[n] = '\0';
}

static void drop_last(struct words *w) {
    w->count--;
    w->text[w->start[w->count]] = '\0';
}

static void drop_suffixes(struct words *w) {
    char word[WORD_MAX];
    while (w->count > 1) {
        word_of(w, w->count - 1, word);
        bool number = word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
        if (!number && !IN_LIST(SUFFIXES, word)) break;
        drop_last(w);
    }
    /* "password2" */
    size_t n = w->start[w->count];
    while (w->count > 0 && n > w->start[w->count - 1] + 1u && w->text[n - 1] >= '0' && w->text[n - 1] <= '9') {
        w->text[--n] = '\0';
        w->start[w->count] = (uint8_t)n;
    }
}

static bool ends_anywhere(const struct words *w) {
    size_t n = w->start[w->count];
    for (size_t i = 0; i < sizeof(ANYWHERE) / sizeof(ANYWHERE[0]); i++) {
        size_t m = ANYWHERE[i].n;
        if (n >= m && w->text[n - 1] == ANYWHERE[i].text[m - 1] && memcmp(w->text + n - m, ANYWHERE[i].text, m) == 0) {
            return true;
        }
    }
    return false;
}

#define L(c) (UINT32_C(1) << ((c)&31))

/* The set of letters in a name. Some signs set bits too, which does no harm. */
static uint32_t letters_of(struct bytes name) {
    uint32_t letters = 0;
    for (size_t i = 0; i < name.n; i++) {
        letters |= (uint32_t)(name.p[i] >= 0x40) << (name.p[i] & 31);
    }
    return letters;
}

/* Most names can be decided by their letters alone: each word that means a secret, or may mean one, has all letters of
 * one of these sets. */
static bool can_be_secret(uint32_t letters) {
    static const uint32_t sets[] = {
        L('k') | L('e'),                   /* key, token, cookie, kennwort */
        L('p') | L('a') | L('s'),          /* password, passphrase, pass, seedphrase */
        L('p') | L('w'),                   /* pwd, bindpw */
        L('p') | L('s') | L('k'),          /* psk */
        L('m') | L('n') | L('o') | L('c'), /* mnemonic */
        L('c') | L('r') | L('e') | L('t'), /* secret, credential, connectionstring */
        L('a') | L('u') | L('t') | L('h'), /* authorization, authurl */
        L('b') | L('e') | L('a') | L('r'), /* bearer */
        L('c') | L('o') | L('d') | L('v'), /* codeverifier */
        L('j') | L('w') | L('t'),          /* jwt */
    };
    bool can = false;
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        can = can || (letters & sets[i]) == sets[i];
    }
    return can;
}

/* "sessionid", "phpsessid" */
static bool can_be_cookie(uint32_t letters) {
    const uint32_t set = L('s') | L('e') | L('i') | L('d');
    return (letters & set) == set;
}
#undef L

bool secret_field_name(struct bytes name) {
    struct words w;
    char first[WORD_MAX], last[WORD_MAX], before[WORD_MAX];
    if (!can_be_secret(letters_of(name))) return false;
    split(&w, name);
    if (w.count == 0) return false;
    drop_suffixes(&w);
    word_of(&w, 0, first);
    word_of(&w, w.count - 1, last);
    if (w.count > 1 && IN_LIST(QUESTIONS, first)) return false;
    if (ends_anywhere(&w) || IN_LIST(WORDS, last)) return true;
    before[0] = '\0';
    if (w.count > 1) {
        word_of(&w, w.count - 2, before);
    }
    if (strcmp(last, "token") == 0) return !IN_LIST(MODEL_TOKENS, before);
    /* Alone, "auth" and "pass" are a directory and a result. */
    return IN_LIST(SHORT, last) && IN_LIST(OWNERS, before);
}

enum secret_name secret_name_of(struct bytes name) {
    struct words w;
    char last[WORD_MAX];
    const uint8_t *p = name.p;
    const uint32_t letters = letters_of(name);
    if (!can_be_secret(letters) && !can_be_cookie(letters)) return SECRET_NAME_NONE;
    if (secret_field_name(name)) {
        bool password = secret_contains(p, name.n, "pass") || secret_contains(p, name.n, "pwd") ||
                        secret_contains(p, name.n, "kennwort") || secret_contains(p, name.n, "psk");
        return password ? SECRET_NAME_PASSWORD : SECRET_NAME_TOKEN;
    }
    split(&w, name);
    drop_suffixes(&w);
    word_of(&w, w.count == 0 ? 0 : w.count - 1, last);
    if (IN_LIST(SHORT, last)) return SECRET_NAME_WEAK;
    /* Written as one word these are cookies; "session_id" may name a session of anything. */
    bool cookie =
        name.n >= 9 && (secret_equals(p + name.n - 9, 9, "sessionid") || secret_equals(p + name.n - 9, 9, "phpsessid"));
    return cookie ? SECRET_NAME_WEAK : SECRET_NAME_NONE;
}
