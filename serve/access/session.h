/* A person at a browser. A code is shown where the server runs; typed into the page within a minute, it becomes a session, whose secret is
 * the browser's cookie. Nothing of this is stored: it ends with the server. */
#ifndef SERVE_ACCESS_SESSION_H
#define SERVE_ACCESS_SESSION_H

#include "base/bytes.h"
#include "base/clock.h"
#include "base/hash.h"

#define SESSION_CODE                                                                                                       \
    20 /* "7k2m-9qxt-4hra-w8ce": four groups of four letters and digits, 80 bits less those that look alike; NUL */
#define SESSION_ID        65 /* 64 hexadecimal digits, NUL */
#define SESSION_COOKIE    "ledger_session"
#define SESSION_CODE_NS   (60 * CLOCK_NS_PER_S)
#define SESSION_LIFE_NS   (12 * 3600 * CLOCK_NS_PER_S)
#define SESSION_EVERY_NS  (5 * CLOCK_NS_PER_S) /* between two codes */
#define SESSION_TRIES_MAX 5
#define SESSIONS_MAX      64

struct session_one {
    uint8_t sha256[HASH_LEN]; /* of the cookie's value */
    uint64_t until;
};

struct sessions {
    uint8_t key[32]; /* of what forms carry */
    uint8_t code[HASH_LEN];
    bool has_code;
    unsigned tries;
    uint64_t code_until, code_next;
    struct session_one one[SESSIONS_MAX]; /* oldest first */
    size_t n;
};

void sessions_init(struct sessions *sessions);
/* A new code, in place of one before; false: it is too soon for another. Times are of a clock that does not stop. */
bool session_code(struct sessions *sessions, uint64_t now, char ret[SESSION_CODE]);
/* The code's session, once. False: it is wrong, late, or was used. After SESSION_TRIES_MAX wrong ones there is no code any more. */
bool session_begin(struct sessions *sessions, struct bytes code, uint64_t now, char ret_id[SESSION_ID]);
/* Whether the value of the header Cookie has the secret of a session. */
bool session_find(const struct sessions *sessions, struct bytes cookies, uint64_t now, struct bytes *ret_id);
void session_end(struct sessions *sessions, struct bytes id);
/* What the forms of this session carry, and whether this is it. */
void session_form(const struct sessions *sessions, struct bytes id, char ret[SESSION_ID]);
bool session_form_is(const struct sessions *sessions, struct bytes id, struct bytes word);

#endif
