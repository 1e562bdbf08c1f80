/* The rows of fields.def, twice: as the fields of each shape, and as the list of shapes. */
#include "packs/manifest/fields.h"

#include <assert.h>
#include <string.h>

#include "packs/manifest/manifest.h"

enum { REQUIRED = 1 };

#define FIELD(shape_, key_, type_, flags_, accepted_, help_)                                                               \
    { #key_, FIELD_##type_, (flags_) == REQUIRED, accepted_, help_, NULL, offsetof(struct manifest_##shape_, key_) }
#define MAP(shape_, key_, of_, flags_, help_)                                                                              \
    { #key_, FIELD_MAP, (flags_) == REQUIRED, NULL, help_, &shape_of_##of_, offsetof(struct manifest_##shape_, key_) }
#define MAPS(shape_, key_, of_, flags_, help_)                                                                             \
    { #key_, FIELD_MAPS, (flags_) == REQUIRED, NULL, help_, &shape_of_##of_, offsetof(struct manifest_##shape_, key_) }
#define SHAPE(name_, noun_, help_, ...)                                                                                    \
    static const struct field fields_of_##name_[] = {__VA_ARGS__};                                                         \
    static const struct shape shape_of_##name_ = {#name_,                                                                  \
                                                  noun_,                                                                   \
                                                  help_,                                                                   \
                                                  fields_of_##name_,                                                       \
                                                  sizeof(fields_of_##name_) / sizeof(fields_of_##name_[0]),                \
                                                  sizeof(struct manifest_##name_)};
#include "packs/manifest/fields.def"
#undef SHAPE

#define SHAPE(name_, ...) &shape_of_##name_,
static const struct shape *const shapes[] = {
#include "packs/manifest/fields.def"
};

const struct form fields_manifest = {"urn:foundry-pack:v0", "The manifest of a pack, " MANIFEST_SCHEMA, shapes,
                                     sizeof(shapes) / sizeof(shapes[0])};

const struct shape *fields_root(void) {
    return &shape_of_pack;
}

size_t fields_count(void) {
    return sizeof(shapes) / sizeof(shapes[0]);
}

const struct shape *fields_at(size_t i) {
    return shapes[i];
}

const struct shape *fields_find(const char *name) {
    size_t i = 0;
    while (strcmp(shapes[i]->name, name) != 0) {
        i++;
        assert(i < fields_count());
    }
    return shapes[i];
}

bool fields_word(const char *words, size_t i, const char **ret, size_t *ret_n) {
    for (; i > 0 && words != NULL; i--) {
        words = strchr(words, '|');
        words = words != NULL ? words + 1 : NULL;
    }
    if (words == NULL) return false;
    *ret = words;
    *ret_n = strcspn(words, "|");
    return true;
}
