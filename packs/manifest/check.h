/* What the rows of fields.def cannot say: values that belong together. */
#ifndef PACKS_MANIFEST_CHECK_H
#define PACKS_MANIFEST_CHECK_H

#include "packs/manifest/finding.h"
#include "packs/manifest/manifest.h"
#include "packs/tree/content.h"

struct checking {
    const struct manifest_pack *pack;
    const char *file;
    const struct content *tree; /* NULL: files are not looked for */
    struct finding_list *found;
    uint64_t work;  /* compared so far */
    bool exhausted; /* and that was too much */
};

/* Whatever is compared with everything else of its kind is counted in bytes and items, so that no manifest takes long. False
 * once it is too much, which is an error. */
#define CHECK_WORK_MAX UINT64_C(400000000)
bool check_spend(struct checking *c, uint64_t work);
/* Offers a name as what `near` may have meant. */
struct text_near;
void check_offer(struct checking *c, struct text_near *near, struct bytes name);

/* Where a key's value is, or the map when it has none. */
struct yaml_place check_place(const struct yaml_node *map, const char *key);
/* Where an item of a list is: `item` is one of the key's texts as it was read. */
struct yaml_place check_item(const struct yaml_node *map, const char *key, struct bytes item);
/* An error at this place. */
void check_error(struct checking *c, struct yaml_place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void check_warn(struct checking *c, struct yaml_place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The file must be in the pack; a program must be one that its owner may execute. */
void check_file(struct checking *c, struct yaml_place at, struct bytes path, bool program);
/* The route that a key names does not exist. */
void check_no_route(struct checking *c, struct yaml_place at, const char *key, struct bytes name);

/* Everything but the steps. */
void check_all(struct checking *c);

#endif
