/* Of who may ask, and of what was asked. */
#include "cli/serve/access_event.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/mp_map.h"

#define BODY_MAX 65536

static int append(struct ledger *ledger, const char *kind, const char *subject, const char *actor, const char *source,
                  struct mp_map *body, struct log_receipt *ret, struct err *err) {
    struct buf encoded = {.max = BODY_MAX};
    struct log_draft draft;
    int rc = mp_map_write(body, &encoded, err);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(actor);
    draft.source = bytes_of(source);
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&encoded);
    if (rc == 0) rc = log_append(ledger, &draft, ret, NULL, err);
    buf_done(&encoded);
    return rc;
}

static void put_scopes(struct mp_map *body, unsigned scopes) {
    uint32_t n = 0;
    for (size_t i = 0; i < ACCESS_SCOPES; i++) {
        n += (scopes & 1u << i) != 0 ? 1 : 0;
    }
    mp_map_begin(body, "scopes");
    mp_put_array(&body->values, n);
    for (size_t i = 0; i < ACCESS_SCOPES; i++) {
        if ((scopes & 1u << i) != 0) mp_put_text(&body->values, access_scope_name(i));
    }
    mp_map_end(body);
}

static void put_kinds(struct mp_map *body, const struct access_token *token) {
    if (token->n_kinds == 0) return;
    mp_map_begin(body, "kinds");
    mp_put_array(&body->values, (uint32_t)token->n_kinds);
    for (size_t i = 0; i < token->n_kinds; i++) {
        mp_put_text(&body->values, token->kinds[i]);
    }
    mp_map_end(body);
}

int access_event_token(struct ledger *ledger, const char *kind, const struct access_token *token, const char *actor,
                       const char *reason, struct log_receipt *ret, struct err *err) {
    bool granted = bytes_is(bytes_of(kind), "access.granted");
    char subject[ACCESS_NAME_MAX + 16];
    uint8_t digest[HASH_LEN];
    struct mp_map body;
    mp_map_init(&body, BODY_MAX);
    memcpy(digest, token->sha256, sizeof(digest));
    mp_map_text(&body, "name", bytes_of(token->name));
    mp_map_hash(&body, "digest", digest);
    if (granted) put_scopes(&body, token->scopes);
    if (granted) put_kinds(&body, token);
    if (granted && token->expires != 0) mp_map_uint(&body, "expires", token->expires);
    if (reason != NULL) mp_map_text(&body, "reason", bytes_of(reason));
    snprintf(subject, sizeof(subject), "token/%s", token->name);
    int rc = append(ledger, kind, subject, actor, "cli", &body, ret, err);
    mp_map_done(&body);
    return rc;
}

static void put_refused(struct mp_map *body, const struct meter_due *due) {
    mp_map_text(body, "reason", bytes_of(due->reason));
    mp_map_uint(body, "count", due->refused->count);
    mp_map_begin(body, "peers");
    mp_put_array(&body->values, (uint32_t)due->refused->n_peers);
    for (size_t i = 0; i < due->refused->n_peers; i++) {
        mp_put_text(&body->values, due->refused->peers[i]);
    }
    mp_map_end(body);
}

static void put_read(struct mp_map *body, const struct meter_holder *holder) {
    mp_map_text(body, "name", bytes_of(holder->name));
    mp_map_uint(body, "requests", holder->requests);
    mp_map_uint(body, "bytes", holder->bytes);
}

int access_event_due(struct ledger *ledger, const struct meter_due *due, uint64_t now, struct err *err) {
    uint64_t since = due->holder != NULL ? due->holder->since : due->refused->since;
    char subject[ACCESS_NAME_MAX + 16], actor[ACCESS_NAME_MAX + 16] = "service:ledger";
    struct log_receipt receipt;
    struct mp_map body;
    mp_map_init(&body, BODY_MAX);
    mp_map_uint(&body, "lasted_ms", (now - since) / 1000000);
    if (due->holder != NULL) {
        put_read(&body, due->holder);
        snprintf(subject, sizeof(subject), "token/%s", due->holder->name);
        snprintf(actor, sizeof(actor), "token:%s", due->holder->name);
    } else {
        put_refused(&body, due);
        snprintf(subject, sizeof(subject), "access/%s", due->reason);
    }
    int rc =
        append(ledger, due->holder != NULL ? "access.read" : "access.refused", subject, actor, "api", &body, &receipt, err);
    mp_map_done(&body);
    return rc;
}
