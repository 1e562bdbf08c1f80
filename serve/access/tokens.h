/* Tokens: 256 random bits each, shown once, kept as their SHA-256 in DIR/tokens.json (mode 0600), which is beside the evidence and in no
 * bundle, report or backup. */
#ifndef SERVE_ACCESS_TOKENS_H
#define SERVE_ACCESS_TOKENS_H

#include "base/bytes.h"
#include "base/hash.h"

#define ACCESS_FILE     "tokens.json"
#define ACCESS_NAME_MAX 64
#define ACCESS_TEXT     72 /* "ledger_" and 64 hexadecimal digits, NUL */
#define ACCESS_ALL_MAX  1024
#define ACCESS_KINDS    16 /* patterns of a token */
#define ACCESS_KIND_MAX 64

enum access_bit {
#define SCOPE(name, text, about) ACCESS_BIT_##name,
#include "serve/access/scopes.def"
#undef SCOPE
    ACCESS_SCOPES
};
enum access_scope {
    ACCESS_NONE = 0,
#define SCOPE(name, text, about) ACCESS_##name = 1 << ACCESS_BIT_##name,
#include "serve/access/scopes.def"
#undef SCOPE
};
/* "read:states", and what it covers. */
const char *access_scope_name(size_t bit);
const char *access_scope_about(size_t bit);
/* 0: there is none of that name. */
unsigned access_scope_of(struct bytes name);

struct access_token {
    char name[ACCESS_NAME_MAX + 1];
    uint8_t sha256[HASH_LEN];
    unsigned scopes;
    uint64_t created, expires, revoked;        /* ns; 0: never */
    char kinds[ACCESS_KINDS][ACCESS_KIND_MAX]; /* that it may append: "run.finished", "x.*" */
    size_t n_kinds;
};
struct access_tokens {
    struct access_token *one;
    size_t n;
};

/* 1 to 64 lower-case letters, digits, '.', '_' and '-', the first a letter or digit; not "page", which is the pages' own. */
bool access_name_ok(struct bytes name);
/* A kind, or the beginning of kinds and "*". */
bool access_kind_ok(struct bytes kind);
bool access_token_may(const struct access_token *token, struct bytes kind);
/* A new token's text, which is to be wiped, and its SHA-256. */
void access_token_make(char ret[ACCESS_TEXT], uint8_t ret_sha256[HASH_LEN]);

/* Reads DIR/tokens.json; no tokens if it is absent. ERR_INVALID: it is malformed, another user's, or accessible to others. */
int access_tokens_read(const char *dir, struct access_tokens *ret, struct err *err);
void access_tokens_done(struct access_tokens *tokens); /* zeroed is fine */
/* Reads them, has them changed and writes them, while nobody else does. `change` returns 0, or a code that leaves the file as it is. */
int access_tokens_change(const char *dir, int (*change)(void *ctx, struct access_tokens *tokens, struct err *err),
                         void *ctx, struct err *err);
/* Adds one, whose name must be new. ERR_CONFLICT; ERR_LIMIT: there are too many; ERR_NOMEM. */
int access_tokens_add(struct access_tokens *tokens, const struct access_token *token, struct err *err);
struct access_token *access_tokens_named(const struct access_tokens *tokens, struct bytes name);

enum access_verdict { ACCESS_GOOD, ACCESS_UNKNOWN, ACCESS_EXPIRED, ACCESS_REVOKED };
/* Whose text this is. Every token is compared, in constant time. *ret is set but for ACCESS_UNKNOWN. */
enum access_verdict access_tokens_find(const struct access_tokens *tokens, struct bytes text, uint64_t now,
                                       const struct access_token **ret);

#endif
