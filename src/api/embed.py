"""embed.py IN OUT NAME — a file as a C array, so that the binary serves it without a file beside it."""
import sys

source, target, name = sys.argv[1:]
data = open(source, 'rb').read()
with open(target, 'w') as out:
    out.write('#include <stddef.h>\n')
    out.write(f'extern const unsigned char {name}[];\nextern const size_t {name}_len;\n')
    out.write(f'const unsigned char {name}[] = {{\n')
    for at in range(0, len(data), 20):
        out.write(','.join(str(b) for b in data[at:at + 20]) + ',\n')
    out.write('0 };\n')
    out.write(f'const size_t {name}_len = {len(data)};\n')
