/* Checkpoints: the text of a note that states a log's origin, its size and the root of its tree. */
#include <inttypes.h>

#include "base/text.h"
#include "ledger/tree/line.h"
#include "ledger/tree/note.h"

int checkpoint_encode(struct buf *out, struct bytes origin, uint64_t size, const uint8_t root[MERKLE_HASH]) {
    if (origin.n == 0 || text_utf8_valid(origin.p, origin.n) != origin.n || text_has_control(origin)) {
        return ERR_INVALID;
    }
    buf_put_bytes(out, origin);
    buf_printf(out, "\n%" PRIu64 "\n", size);
    return merkle_hash_encode(out, root);
}

int checkpoint_decode(struct bytes text, struct checkpoint *ret, struct err *err) {
    struct checkpoint checkpoint;
    struct line_reader in;
    struct bytes size, root, extension;
    line_init(&in, text);
    if (!line_next(&in, &checkpoint.origin) || checkpoint.origin.n == 0) {
        return err_set(err, ERR_CORRUPT, "line 1 of the checkpoint: the origin is missing");
    }
    if (!line_next(&in, &size) || text_parse_u64(size, &checkpoint.size) != 0) {
        return err_set(err, ERR_CORRUPT, "line 2 of the checkpoint: the tree size must be a decimal number below 2^64");
    }
    if (!line_next(&in, &root) || merkle_hash_decode(root, checkpoint.root) != 0) {
        return err_set(err, ERR_CORRUPT, "line 3 of the checkpoint: the root must be a line of 32 bytes in base64");
    }
    while (line_next(&in, &extension)) {
        if (extension.n == 0) {
            return err_set(err, ERR_CORRUPT, "line %zu of the checkpoint: an extension line must not be empty", in.number);
        }
    }
    if (in.rest.n != 0) {
        return err_set(err, ERR_CORRUPT, "the checkpoint does not end in a line feed");
    }
    if (text_utf8_valid(text.p, text.n) != text.n) {
        return err_set(err, ERR_CORRUPT, "the checkpoint is not UTF-8");
    }
    *ret = checkpoint;
    return 0;
}
