/* The files of a directory as they were at one time, by their status: inode, mode, size, and when bytes and status last changed.
 * Whoever is not root cannot set the last of these, so what was changed and changed back shows too. */
#ifndef PACKS_DEPOT_PIN_H
#define PACKS_DEPOT_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/hash.h"

#define PIN_WORDS 320

struct pin;
/* Looks at all of it, through no symbolic link. ERR_IO, ERR_LIMIT: it cannot be looked at, or is more than a pack. Free with
 * pin_free; NULL is fine. */
int pin_take(const char *dir, struct pin **ret, struct err *err);
void pin_free(struct pin *pin);
/* What its files take. */
uint64_t pin_bytes(const struct pin *pin);
/* SHA-256 over the paths and their status. */
int pin_digest(const struct pin *pin, uint8_t ret[HASH_LEN], struct err *err);
/* False: they are the same. True: `ret` names a file, or where no file differs a directory: "'bin/a' was changed". */
bool pin_differs(const struct pin *then, const struct pin *now, char ret[PIN_WORDS]);

#endif
