/* Builds JSON: an ordered object or list is encoded as MessagePack and printed by base/json, so that the program has one
 * JSON writer. Failures are sticky and reported when it is printed. */
#ifndef BASE_OBJ_H
#define BASE_OBJ_H

#include "base/bytes.h"
#include "base/json.h"

#define OBJ_MAX ((size_t)64 << 20) /* bytes, as MessagePack */

/* An object while its puts have keys, a list while their key is NULL. Zeroed is empty. */
struct obj {
    struct buf items;
    uint32_t n;
};

void obj_done(struct obj *obj);

void obj_str(struct obj *obj, const char *key, struct bytes v); /* invalid UTF-8 is escaped */
void obj_text(struct obj *obj, const char *key, const char *v); /* NULL: null */
void obj_uint(struct obj *obj, const char *key, uint64_t v);    /* UINT64_MAX: null */
void obj_int(struct obj *obj, const char *key, int64_t v);
void obj_time(struct obj *obj, const char *key, uint64_t ns); /* ns as text */
void obj_bool(struct obj *obj, const char *key, bool v);
void obj_hex(struct obj *obj, const char *key, const uint8_t *p, size_t n);
void obj_raw(struct obj *obj, const char *key, struct bytes mp); /* one MessagePack item */
/* Adds the child as an object or a list and frees it. */
void obj_obj(struct obj *obj, const char *key, struct obj *child);
void obj_list(struct obj *obj, const char *key, struct obj *child);

/* Appends the object's JSON text. */
int obj_json(const struct obj *obj, enum json_style style, struct buf *out, struct err *err);

#endif
