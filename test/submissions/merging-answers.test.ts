import { expect } from 'chai';
import * as fc from 'fast-check';
import { changedFields, mergeAnswers, type Answer, type Answers } from '../../src/submissions/answers.js';

describe('merging answers', () => {
  const answer: fc.Arbitrary<Answer> = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.array(fc.string()),
    fc.constant(null),
  );
  const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor');
  const answers: fc.Arbitrary<Answers> = fc.array(fc.tuple(name, answer)).map((entries) => Object.fromEntries(entries));

  it('sets what is given, removes what is null, leaves the rest', () => {
    const current = { a: 'x', b: ['y'], c: null, d: 1 };
    expect(mergeAnswers(current, { a: 'z', d: null, e: true, f: null })).to.deep.equal({
      a: 'z',
      b: ['y'],
      c: null,
      e: true,
    });
    expect(current).to.deep.equal({ a: 'x', b: ['y'], c: null, d: 1 });
  });

  it('keeps a field called __proto__ an ordinary one', () => {
    const merged = mergeAnswers({}, JSON.parse('{"__proto__":["x"]}') as Answers);
    expect(JSON.stringify(merged)).to.equal('{"__proto__":["x"]}');
    expect(Object.getPrototypeOf(merged)).to.equal(Object.prototype);
  });

  it('is the same twice as once, and changes only fields of the patch', () => {
    fc.assert(
      fc.property(answers, answers, (current, patch) => {
        const once = mergeAnswers(current, patch);
        expect(mergeAnswers(once, patch)).to.deep.equal(once);
        expect(mergeAnswers(current, {})).to.deep.equal(current);
        for (const changed of changedFields(current, once)) expect(Object.keys(patch)).to.include(changed);
      }),
    );
  });

  it('shows its changes: by value, sorted, null as absent', () => {
    const before = { same: ['x', 'y'], order: ['x', 'y'], z: 1, gone: 'x', nothing: null, type: '1' };
    const after = { same: ['x', 'y'], order: ['y', 'x'], z: 2, added: false, void: null, type: 1 };
    expect(changedFields(before, after)).to.deep.equal(['added', 'gone', 'order', 'type', 'z']);
  });

  it('shows no change to itself, and the same fields both ways', () => {
    fc.assert(
      fc.property(answers, answers, (one, other) => {
        expect(changedFields(one, structuredClone(one))).to.deep.equal([]);
        expect(changedFields(one, other)).to.deep.equal(changedFields(other, one));
      }),
    );
  });
});
