/* The pairs of one tag, as if there were no others. A pair has the tags of A's sample, or of B's where A has none. */
#include <stdlib.h>

#include "evals/compare/compare.h"

#define RESAMPLES 100 /* of scores and latencies, which are not shown by tag */

static int compare_tag(const struct compare_pairs *pairs, struct compare_pair *room, const struct compare_options *options,
                       struct compare_tag *ret, struct err *err) {
    struct compare_options few = *options;
    struct compare_pairs of = {.pairs = room, .cases = pairs->cases};
    for (size_t i = 0; i < pairs->n; i++) {
        const struct compare_pair *pair = &pairs->pairs[i];
        if (!sample_has_tag(pair->a != NULL ? pair->a : pair->b, ret->tag)) continue;
        room[of.n++] = *pair;
        ret->count[pair->change]++;
    }
    few.resamples = RESAMPLES;
    return compare_samples(&of, &few, &ret->found, err);
}

int compare_by_tag(const struct compare_pairs *pairs, const struct compare_side *a, const struct compare_side *b,
                   const struct compare_options *options, struct compare_tags *ret, struct err *err) {
    struct samples_tags tags = {0};
    *ret = (struct compare_tags){0};
    int rc = samples_tags(a->samples, a->n, &tags, err);
    if (rc == 0) rc = samples_tags(b->samples, b->n, &tags, err);
    struct compare_pair *room = calloc(pairs->n + 1, sizeof(*room));
    ret->all = calloc(tags.n + 1, sizeof(*ret->all));
    if (rc == 0 && (room == NULL || ret->all == NULL)) rc = err_set(err, ERR_NOMEM, "no memory for %zu tags", tags.n);
    for (size_t i = 0; rc == 0 && i < tags.n; i++) {
        struct compare_tag *one = &ret->all[ret->n++];
        one->tag = tags.tags[i];
        rc = compare_tag(pairs, room, options, one, err);
    }
    free(room);
    free(tags.tags);
    return rc;
}

void compare_tags_done(struct compare_tags *tags) {
    free(tags->all);
    *tags = (struct compare_tags){0};
}
