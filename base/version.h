/* Versions and ranges of them.
 *
 * Packs have versions by SemVer 2.0.0: MAJOR.MINOR.PATCH, a pre-release after '-', a build after '+', which does not count.
 * Programs, runtimes and packages have whatever versions their makers gave them; they are compared as Debian does
 * (deb-version(7)), which orders any text.
 *
 * A range is alternatives with "||" between them, each a list of comparisons that all must hold:
 *
 *   range       = alternative *( "||" alternative )       alternative = "*" / 1*comparison
 *   comparison  = ( "=" / "<" / "<=" / ">" / ">=" / "^" / "~" / "" ) version
 *
 * In a range of SemVer a version may stop after MAJOR or MINOR; the rest is 0. ^1.2.3 is >=1.2.3 and below the next that
 * may break: 2.0.0 (^0.2.3: 0.3.0, ^0.0.3: 0.0.4). ~1.2.3 is >=1.2.3 and below 1.3.0 (~1: 2.0.0). A bare version is "=".
 * A pre-release is in an alternative only when a comparison of it names a pre-release of the same three numbers. Ranges of
 * Debian's order have no ^ and no ~. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#include "base/bytes.h"

#define VERSION_MAX 256 /* bytes of a version or range */

enum version_order { VERSION_SEMVER, VERSION_DEBIAN };

/* What is wrong with a version or range, as what follows "it ..."; NULL: nothing. A static text. */
const char *version_fault(enum version_order order, struct bytes version);
const char *version_range_fault(enum version_order order, struct bytes range);
/* <0, 0, >0, of versions without a fault. Build metadata does not count. */
int version_cmp(enum version_order order, struct bytes a, struct bytes b);
/* Whether the version is in the range; an absent range (n 0) holds every version but, in SemVer, pre-releases. False where
 * either has a fault. */
bool version_in(enum version_order order, struct bytes version, struct bytes range);

#endif
