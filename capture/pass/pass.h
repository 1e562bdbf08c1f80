/* One request of a client: guarded, passed on, its answer passed back, and a handler told of both. */
#ifndef CAPTURE_PASS_PASS_H
#define CAPTURE_PASS_PASS_H

#include <stdatomic.h>

#include "base/http/http.h"
#include "capture/pass/client.h"

#define PASS_BODY_MAX  ((uint64_t)64 << 20) /* bytes of a request that passes as it comes */
#define PASS_HELD_MAX  ((size_t)4 << 20)    /* of a request, or an answer, that is held */
#define PASS_HELD_ALL  ((long long)8 << 20) /* of all exchanges together */
#define PASS_WORDS_MAX 256

enum pass_end {
    PASS_COMPLETE,
    PASS_CLIENT, /* the client went away, or did not read */
    PASS_CUT,    /* the server's answer broke off */
    PASS_FAILED, /* there was no answer: unreachable, not HTTP, refused */
    PASS_STOPPED /* the program ends */
};

/* What to do with a request, by its head. Zeroed: it passes as it comes. */
struct pass_plan {
    bool holds;      /* its body goes to `judge` when it is whole, and not to `request` */
    unsigned status; /* not 0: it is refused so */
    char words[PASS_WORDS_MAX];
};

/* An answer in place of the upstream's, or of its own text. Borrowed from the handler until the exchange's end. */
struct pass_reply {
    unsigned status;  /* 0: the upstream's */
    const char *type; /* of its content; NULL: the upstream's */
    struct bytes body;
};

enum pass_manner {
    PASS_AS_IT_IS, /* each piece at once, untouched */
    PASS_WRITTEN,  /* each piece at once, as the handler writes it */
    PASS_WHOLE     /* held, and replaced by what `whole` makes of it */
};

struct pass_answer {
    unsigned status;
    const char *type;   /* as struct http_answer has it */
    bool coded;         /* compressed */
    struct bytes lines; /* the fields, for fields_line */
};

/* Everything about one exchange is called on one thread, in this order. `x` is the exchange's own room, zeroed at the beginning. No
 * function but the first and the last is needed. */
struct pass_handler {
    void *ctx;
    size_t size; /* of the room */
    void (*begin)(void *x, void *ctx, const struct httpd_head *head, struct pass_plan *ret);
    void (*request)(void *x, struct bytes piece);
    /* A request that is held. True: *ret_body goes on, borrowed until the end; false: *ret_reply is the answer. */
    bool (*judge)(void *x, struct bytes body, struct bytes *ret_body, struct pass_reply *ret_reply);
    void (*called)(void *x); /* the request has gone out, as far as it is needed */
    enum pass_manner (*answer)(void *x, const struct pass_answer *answer);
    /* `out`: where PASS_WRITTEN writes, first of all with an empty piece; otherwise NULL. False: the answer is broken off. */
    bool (*data)(void *x, struct bytes piece, struct buf *out);
    void (*whole)(void *x, struct bytes body, struct pass_reply *ret);
    /* How it ended: a word and words, "" for none. Frees what the room holds. */
    void (*end)(void *x, enum pass_end end, const char *error, const char *words);
};

/* What all connections have in common; constant while they run, but for the counters and `stopping`. */
struct pass_shared {
    struct httpd_policy policy;
    const struct pass_handler *handler;
    char upstream[HTTP_URL_MAX]; /* in the form of http_base; targets are appended to it */
    char origin[HTTP_URL_MAX];   /* the same without a path */
    const char *pin;             /* NULL: none */
    atomic_llong held;           /* bytes that may still be held */
    atomic_bool stopping;        /* no further requests */
    atomic_bool ending;          /* no more time */
    atomic_uint_fast64_t refused;
};

/* Serves the next request of a connection; `begun` is called once its head is whole. False: it was the last one. */
bool pass_next(struct pass_shared *shared, struct client *client, struct http *http, void (*begun)(void *ctx), void *ctx);

#endif
