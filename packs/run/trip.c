/* A controller signs for what is executed, so the digest holds all that decides it and is known before the step. */
#include "packs/run/trip.h"

#include <stdio.h>
#include <string.h>

#include "base/mp_map.h"
#include "base/text.h"
#include "projections/act/checked.h"

#define BODY_MAX 256

static void put_part(struct hash *hash, struct bytes text) {
    if (hash == NULL) return;
    hash_put(hash, text.p, text.n);
    hash_put(hash, "", 1);
}

static void put_given(struct hash *hash, const struct given *given) {
    char digest[TRIP_DIGEST] = "";
    put_part(hash, given->input->name);
    if (given->file && given->value != NULL) {
        text_hex(digest, given->copy.digest, HASH_LEN);
    }
    put_part(hash, bytes_of(given->file ? digest : given->value != NULL ? given->value : ""));
}

void trip_take(struct running *run, const struct manifest_step *step, struct bytes serves, const uint8_t asked[HASH_LEN],
               struct trip *ret) {
    struct hash *hash = hash_new();
    uint8_t digest[HASH_LEN] = {0};
    char text[TRIP_DIGEST];
    text_hex(text, asked, HASH_LEN);
    put_part(hash, run->tree_digest);
    put_part(hash, bytes_of(run->options->workspace)); /* relative scopes are about it */
    put_part(hash, bytes_of(run->options->unconfined ? "unconfined" : "confined"));
    put_part(hash, step->id);
    put_part(hash, serves);
    put_part(hash, bytes_of(text));
    for (size_t i = 0; i < run->given.n; i++) {
        put_given(hash, &run->given.items[i]);
    }
    for (size_t i = 0; i < step->inputs.n; i++) { /* what earlier steps made of them */
        const struct datum *made = running_datum(run, step->inputs.items[i]);
        if (made == NULL) continue;
        text_hex(text, made->copy.digest, HASH_LEN);
        put_part(hash, step->inputs.items[i]);
        put_part(hash, bytes_of(text));
    }
    if (hash != NULL) hash_end(hash, digest);
    hash_free(hash);
    memcpy(ret->digest, "sha256:", 7);
    text_hex(ret->digest + 7, digest, HASH_LEN);
    (void)snprintf(ret->target, sizeof(ret->target), "run/%s", run->place.id);
    if (ret->code == NULL)
        ret->code = run->tripcodes < run->options->tripcodes_n ? run->options->tripcodes[run->tripcodes++] : NULL;
    (void)snprintf(ret->key, sizeof(ret->key), "used:%s", ret->code != NULL ? ret->code : "");
}

void trip_refused(struct running *run, const struct trip *trip, const struct decision *no, struct buf *words) {
    char id[PLACE_ID];
    if (trip->code != NULL) {
        struct log_draft draft;
        struct mp_map map;
        struct buf body = {.max = BODY_MAX};
        mp_map_init(&map, BODY_MAX);
        mp_map_text(&map, "digest", bytes_of(trip->digest));
        log_draft_init(&draft);
        if (mp_map_write(&map, &body, NULL) == 0) {
            draft.subject = bytes_of(trip->target);
            draft.run = run->id;
            draft.actor = bytes_of(run->options->actor);
            draft.source = bytes_of("packs");
            draft.body = bytes_of_buf(&body);
            checked_refused(run->options->ledger, &draft, bytes_of(trip->code), no);
        }
        buf_done(&body);
        mp_map_done(&map);
    }
    place_new_id(id);
    buf_printf(words,
               "; a code for it in a new run: ledger tripcode issue STEP --digest %s --for run/%s, then pack run --run %s"
               " --tripcode FILE",
               trip->digest, id, id);
}
