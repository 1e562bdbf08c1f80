/* The bytes of one segment of the index: the values of the indexed fields of so many events as a power of two has, one
 * record of table "column" under the seq of its first event. A record is never changed; it says itself what it was made
 * from: the tree's node over its events, and the rules, which are the format's version and the catalog's set of fields. All
 * numbers are big-endian.
 *
 *     0   8  check: hash64 of all up to the end of the directory
 *     8   8  rules
 *    16  32  node of the tree over the events
 *    48   8  seq of the first event
 *    56   4  how many events
 *    60   4  how many fields the directory has
 *    64   8  time of the first event
 *    72   8  time of the last event
 *    80   8  seq of the first event that was collected with these, and
 *    88   8  the seq after the last one: some fields' forms depend on them
 *    96  40  for each field that any of the events has, by number:
 *              0  2  field        2  1  form        3  1  0
 *              4  4  where its bytes begin          8  4  length of part A     12  4  length of part B
 *             16  4  how many events have it       20  4  how many values it has, 0 in form NUMBERS
 *             24  8  least value                   32  8  greatest value       (NUMBERS only: doubles, rounded outward)
 *
 * The last field, FIELD_SUBJECT_HEAD, is the subject up to its last '/'. The one after the header's, QUERY_HAPPENED, is
 * when it happened, which all events have; where that is the time of the seal for all of them, it is left out.
 *
 * Which events have a field is said by the kind: for each kind of the segment never, always, or by a bit for each of its
 * events. Kinds are the classes of events here; when there are more than 256 of them all events are one class.
 *
 *   presence: u16 classes; for each a byte 0 never, 1 always, 2 sometimes; u32 bits; a bit for each event of the classes
 *             with 2, in the order of events
 *
 * Form DICT: few values. A is a zstd frame of: u32 values; for each, in the order of values, u8 type (enum query_type) and
 * BOOL u8 | INT, REAL 8 bytes | TEXT, OTHER u32 length and bytes; then presence. B is a zstd frame of a code for each event
 * that has the field: one byte, or, with more than 256 values, all high bytes and then all low bytes. With one value there
 * is no B.
 *
 * Form NUMBERS: integers and reals. They are made integers k that have the order of the values:
 *   INT k = v; DECIMAL k = v * 10^e, exactly (|k| < 2^53); BITS k = the bits of the double, made to order
 * and stored as (k - base) / step, or in a column that never falls as (k - k before) / step. A is a zstd frame of: u8 how,
 * u8 e, u8 width in bytes, u8 flags (1: differences; 2: k is the event's seq less the value; 4: types follow; 8: k is the
 * value less the time of the event, in field QUERY_HAPPENED alone), 8 base, 8 step; with types a bit for each value, set
 * when it is a real; then presence. B is a zstd frame of `width` planes: the highest bytes of all values, then the next
 * ones ...
 *
 * Form HASHES: whatever has many values. Only equality can be asked for, and the event confirms it. Entries are the
 * distinct tops of the values' hashes, their high bits the page, the next six the bucket, the next 16 the remainder. A is a
 * table: u32 check (of the rest), u32 where page i begins in B (one more: the end). B is the pages:
 *
 *     u32 check of the rest · u16 entries · u32 postings · 64 bytes: entries in each bucket · u16 remainder of each entry ·
 *     a bit for each posting, set when it is its entry's last · postings: the event's number in the segment, u16, for an
 *     entry's first one, then a uvarint of the difference less one
 *
 * A column that can be had in no form has an entry with form NONE: its events must be read. */
#ifndef QUERY_COLUMNS_FORMAT_H
#define QUERY_COLUMNS_FORMAT_H

#define COLUMNS_VERSION    3
#define COLUMNS_EVENTS     65536 /* in a full segment */
#define COLUMNS_EVENTS_MIN 256   /* in the smallest one */
#define COLUMNS_STEP       16    /* smaller segments are so many times smaller than the next larger ones */
#define COLUMNS_KEY        9

#define COLUMNS_HEADER     96
#define COLUMNS_ENTRY      40
#define COLUMNS_RECORD_MAX ((size_t)1 << 28)
#define COLUMNS_PLAIN_MAX  ((size_t)1 << 24) /* content of one frame */

enum columns_form { COLUMNS_NONE, COLUMNS_DICT, COLUMNS_NUMBERS, COLUMNS_HASHES };
enum columns_how { COLUMNS_INT, COLUMNS_DECIMAL, COLUMNS_BITS };
enum { COLUMNS_DIFFERENCES = 1, COLUMNS_RELATIVE = 2, COLUMNS_TYPES = 4, COLUMNS_BY_TIME = 8 };
enum { COLUMNS_NEVER, COLUMNS_ALWAYS, COLUMNS_SOMETIMES };

#define COLUMNS_CLASSES_MAX   256
#define COLUMNS_FEW           256  /* so many values are always few, in a full segment */
#define COLUMNS_FEW_MIN       16   /* and in the smallest */
#define COLUMNS_DICT_MAX      4096 /* values of a dictionary, when each is there so many times on average */
#define COLUMNS_REPEATED      16
#define COLUMNS_DICT_BYTES    65536 /* of their texts */
#define COLUMNS_EXPONENT_MAX  6
#define COLUMNS_ZSTD_LEVEL    1
#define COLUMNS_BUCKETS       64
#define COLUMNS_BUCKET_BITS   6
#define COLUMNS_REST_BITS     16 /* of the remainder */
#define COLUMNS_PAGE_BYTES    2048
#define COLUMNS_PAGE_BITS_MAX 10
#define COLUMNS_PAGE_HEADER   (4 + 2 + 4 + COLUMNS_BUCKETS)

#endif
