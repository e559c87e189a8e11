import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Failure } from '../../base/failure.ts'
import { parseDocument, parseRoot, serialise } from './document.ts'
import { readDomain } from './domain/domain.ts'
import { withoutSecrets } from './domain/without-secrets.ts'
import { MARKUP_LIMITS } from './markup-check.ts'
import { make, write, type Made } from './make.ts'
import { domainFixtures, fixture, libxmlAccepts } from './testing.ts'

function failureOf(run: () => unknown): Failure {
  try {
    run()
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('parsing', () => {
  it.each([
    ['a tag that is not closed', '<a>\n  <b>\n</a>', 'line 2'],
    ['two roots', '<a/>\n<b/>', 'line 2'],
    ['an attribute without quotes', '<a\n b=c/>', 'line 1'],
    ['attributes without space between', '<a b="1"c="2"/>', 'line 1'],
    ['an attribute given twice', '<a b="1" b="2"/>', 'line 1'],
    ['a bare ampersand', '<a>\n\n x & y</a>', 'line '],
    ['an unknown entity', '<a>&nbsp;</a>', 'line 1'],
    ['an undeclared prefix', '<a><qemu:arg/></a>', 'line 1'],
    ['a control character', '<a>\n\u0001</a>', 'line 2, column 1'],
    ['a reference to a control character', '<a>\n\n&#x1;</a>', 'line 3, column 1'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>', 'line 1'],
    ['a lone surrogate', '<a>\ud800</a>', 'line 1'],
    ['a reference to a surrogate', '<a>&#xd800;</a>', 'line 1'],
    ['a comment that is not closed', '<a><!-- </a>', 'line 1, column 4'],
    ['nothing at all', '', 'missing root element'],
    ['text', 'no domain here', 'line 1, column 1: text stands outside'],
  ])('refuses %s', (_what, xml, evidence) => {
    const failure = failureOf(() => parseDocument(xml))
    expect(failure.code).toBe('xml-invalid')
    expect(failure.evidence).toContain(evidence)
  })

  it.each([
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    '<!-- c --><!doctype a><a/>',
    '<a><!ENTITY b "c"></a>',
  ])('refuses document types and entities: %s', (xml) => {
    expect(failureOf(() => parseDocument(xml)).evidence).toContain('document types and entity declarations are refused')
  })

  it('refuses what is too large, too deep or too much, before the parser sees it', () => {
    const deep = '<a>'.repeat(MARKUP_LIMITS.depth + 1)
    const many = `<a>${`<b>${'<c/>'.repeat(90)}</b>`.repeat(MARKUP_LIMITS.marks / 90)}</a>`
    const broad = `<a>${'<b/>'.repeat(MARKUP_LIMITS.children + 1)}</a>`
    const wide = `<a ${Array.from({ length: MARKUP_LIMITS.attributes + 1 }, (_, at) => `b${at}=''`).join(' ')}/>`
    const large = `<a>${' '.repeat(MARKUP_LIMITS.characters)}</a>`
    for (const [xml, reason] of [
      [deep, 'deeper'],
      [many, 'tags'],
      [broad, 'children'],
      [wide, 'attributes'],
      [large, 'larger'],
    ] as const) {
      expect(failureOf(() => parseDocument(xml)).message).toContain(reason)
    }
  })

  it('never quotes what it could not read, for it may hold a password', () => {
    for (const xml of [
      '<a passwd=hunter2 />',
      '<a passwd="hunter2"x="1"/>',
      '<a>&hunter2;</a>',
      '<a>hunter2 & more</a>',
      '<a passwd="hunter2>',
      'hunter2<a/>',
    ]) {
      const failure = failureOf(() => parseDocument(xml))
      expect(`${failure.message} ${failure.evidence}`).not.toContain('hunter2')
    }
  })

  it('takes a byte order mark, a declaration, CDATA and replacement characters', () => {
    const root = parseRoot('\ufeff<?xml version="1.0"?>\n<a b="\ufffd"><![CDATA[<&>]]></a>', 'a')
    expect(root.getAttribute('b')).toBe('\ufffd')
    expect(root.textContent).toBe('<&>')
  })

  it('names the root that it found', () => {
    expect(failureOf(() => parseRoot('<network/>', 'domain')).message).toContain('its root is <network>, not <domain>')
  })
})

describe('serialising', () => {
  it.each(domainFixtures)('keeps $name as it was', ({ xml }) => {
    const once = serialise(parseDocument(xml))
    expect(serialise(parseDocument(once))).toBe(once)
    expect(once.replaceAll('"', "'")).toBe(xml.trimEnd().replaceAll('"', "'"))
  })

  it('keeps tabs, line ends and carriage returns that were written as references', () => {
    const xml = '<a b="1&#9;2&#10;3&#13;4">5&#13;6</a>'
    expect(serialise(parseDocument(xml))).toBe(xml)
  })

  const name = fc.stringMatching(/^[a-z_][a-z0-9._-]{0,8}$/).filter((word) => !word.startsWith('xml'))
  const content = fc
    .string({ unit: 'binary', maxLength: 20 })
    .filter((words) => !/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/u.test(words))
  const tree: fc.Arbitrary<Made> = fc.letrec<{ made: Made }>((tie) => ({
    made: fc
      .tuple(
        name,
        fc.dictionary(name, content, { maxKeys: 3, noNullPrototype: true }),
        fc.array(fc.oneof({ maxDepth: 4 }, content, tie('made')), { maxLength: 4 }),
      )
      .map(([called, attributes, children]) => make(called, attributes, ...children)),
  })).made

  it('writes any made tree so that parsing gives it back, stable, and libxml2 agrees', () => {
    fc.assert(
      fc.property(tree, (made) => {
        const xml = write(made)
        const document = parseDocument(xml)
        const again = serialise(document)
        expect(serialise(parseDocument(again))).toBe(again)
        expect(libxmlAccepts(again)).toBe(true)
        for (const [attribute, value] of Object.entries(made.attributes))
          expect(document.documentElement?.getAttribute(attribute)).toBe(value)
      }),
      { numRuns: 200 },
    )
  })
})

describe('hostile documents', () => {
  // Cuts, doubles, swaps and noise, as a broken peer or a hand edit would make them.
  const piece = fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    '/',
    '<!--',
    ']]>',
    '<![CDATA[',
    '<?',
    '\0',
    '\ud800',
    '&#0;',
    '<!DOCTYPE x>',
    ' /',
    '\u00a0',
    '\r\n',
    '</domain>',
    '-1',
    '99999999999999999999',
  )
  const mutation = fc.record({
    at: fc.nat(),
    cut: fc.nat({ max: 40 }),
    insert: fc.oneof(piece, fc.string({ maxLength: 5 }), fc.constant('')),
  })
  const source = fc.constantFrom(...domainFixtures.map(({ xml }) => xml))

  it('are read, edited and written, or refused with xml-invalid; nothing else is thrown, and libxml2 takes what we write', () => {
    let read = 0
    fc.assert(
      fc.property(source, fc.array(mutation, { minLength: 1, maxLength: 4 }), (original, mutations) => {
        const xml = mutations.reduce((text, { at, cut, insert }) => {
          const offset = at % (text.length + 1)
          return text.slice(0, offset) + insert + text.slice(offset + cut)
        }, original)
        try {
          readDomain(xml)
          const shown = withoutSecrets(xml)
          expect(serialise(parseDocument(shown))).toBe(shown)
          // libxml2 also reports namespaces that are no URI, which is no matter of well-formedness.
          if (original.includes('xmlns')) return
          expect(libxmlAccepts(xml)).toBe(true)
          expect(libxmlAccepts(shown)).toBe(true)
          read += 1
        } catch (thrown) {
          if (!(thrown instanceof Failure)) throw thrown
          expect(thrown.code).toBe('xml-invalid')
        }
      }),
      { numRuns: 400 },
    )
    expect(read).toBeGreaterThan(0)
  })

  it('with numbers, words and structure out of place still read', () => {
    const domain = readDomain(
      fixture('linux-server')
        .replace("<memory unit='KiB'>8388608", "<memory unit='parsecs'>lots")
        .replace("<vcpu placement='static' current='2'>4", "<vcpu placement='sideways' current='-2'>1e9")
        .replace("cache='none'", "cache='maybe'"),
    )
    expect(domain.memory.size).toBe(0)
    expect(domain.vcpus).toMatchObject({ count: 1, current: undefined, placement: 'other' })
    expect(domain.devices.disks[0]?.driver?.cache).toBe('other')
  })
})
