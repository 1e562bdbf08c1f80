/* A body has either `seq`, which names one event, or `seqs`, a list of them. */
#include "ledger/event/erased.h"

#include "base/mp.h"

int erased_what(struct bytes body, enum log_erase_what *ret, struct err *err) {
    static const char *const names[] = {
        [LOG_ERASE_BODY] = "body", [LOG_ERASE_PRIVATE] = "private", [LOG_ERASE_ARTIFACT] = "artifact"};
    struct bytes raw;
    struct mp_item item;
    if (mp_map_get(body, "what", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (bytes_is(item.data, names[i])) {
                *ret = (enum log_erase_what)i;
                return 0;
            }
        }
    }
    return err_set(err, ERR_CORRUPT, "what it says was erased is not body, private or artifact");
}

static int take(struct bytes raw, uint64_t by, int (*each)(void *ctx, uint64_t seq, struct err *err), void *ctx,
                struct err *err) {
    struct mp_item item;
    if (mp_scalar(raw, &item) != 0 || item.type != MP_UINT || item.uint >= by) {
        return err_set(err, ERR_CORRUPT, "what it names as erased is not an earlier event");
    }
    return each == NULL ? 0 : each(ctx, item.uint, err);
}

int erased_events(struct bytes body, uint64_t by, int (*each)(void *ctx, uint64_t seq, struct err *err), void *ctx,
                  struct err *err) {
    struct bytes one, many, raw;
    struct mp_reader r;
    struct mp_item item;
    bool has_one = mp_map_get(body, "seq", &one) == 0, has_many = mp_map_get(body, "seqs", &many) == 0;
    if (has_one == has_many) {
        return err_set(err, ERR_CORRUPT,
                       has_one ? "it names the events twice, in 'seq' and in 'seqs'" : "it does not name an event");
    }
    if (has_one) return take(one, by, each, ctx, err);
    mp_reader_init(&r, many);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY || item.count == 0) {
        return err_set(err, ERR_CORRUPT, "it does not list events");
    }
    int rc = 0;
    for (uint32_t n = item.count; n > 0 && rc == 0; n--) {
        rc = mp_skip(&r, 2, &raw, NULL) != 0 ? err_set(err, ERR_CORRUPT, "it does not list events")
                                             : take(raw, by, each, ctx, err);
    }
    return rc;
}
