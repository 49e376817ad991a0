import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One sign-in of a person, in one browser. The row is deleted when the session ends. */
@Entity('sessions')
export class Session {
  @PrimaryColumn({ type: 'text', collation: 'C' })
  id!: string;

  /** SHA-256 of the token in the cookie. Its 256 random bits need no slow hash. */
  @Column({ type: 'bytea' })
  hash!: Buffer;

  @Column({ name: 'user_id', type: 'text', collation: 'C' })
  userId!: string;

  @Column({ name: 'created_at', type: 'timestamptz', precision: 3 })
  createdAt!: Date;

  /** Written every five minutes at most. */
  @Column({ name: 'last_used_at', type: 'timestamptz', precision: 3 })
  lastUsedAt!: Date;
}
