/* Constants of the bundle and tail records that group.h draws; shared by the encoder and the decoder only. */
#ifndef LEDGER_EVENT_GROUP_FORMAT_H
#define LEDGER_EVENT_GROUP_FORMAT_H

#define GROUP_RECORD_VERSION 1
#define GROUP_LEAF_PREFIX    4
#define GROUP_SALTED         1  /* flag of a bundle: salts instead of a seed */
#define GROUP_TAIL_SALTED    16 /* in the payload byte of a tail record: the record has a salt */
#define GROUP_FIXED          (2 + 32 + 32 + 256 * GROUP_LEAF_PREFIX) /* bytes before the zstd frame */
#define GROUP_ZSTD_LEVEL     1
#define GROUP_COMMITMENT     (GROUP_BIN_HEAD + 32) /* an encoded commitment */
#define GROUP_BIN_HEAD       2                     /* bytes of msgpack's head of a 32-byte bin */

#endif
