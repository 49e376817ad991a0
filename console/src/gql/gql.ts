/* eslint-disable */
import * as types from './graphql';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  query Account {\n    viewer {\n      sessions {\n        id\n        createdAt\n        lastUsedAt\n        address\n        userAgent\n        current\n      }\n    }\n  }\n": typeof types.AccountDocument,
    "\n  mutation EndSession($input: EndSessionInput!) {\n    endSession(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n": typeof types.EndSessionDocument,
    "\n  mutation SignOutEverywhere {\n    signOutEverywhere {\n      sessionsEnded\n    }\n  }\n": typeof types.SignOutEverywhereDocument,
    "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n": typeof types.ChangePasswordDocument,
    "\n  query ApiKeys($first: Int, $after: String, $last: Int, $before: String) {\n    apiKeys(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Key\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    workspace {\n      id\n      usage {\n        apiKeys\n      }\n    }\n  }\n": typeof types.ApiKeysDocument,
    "\n  mutation CreateApiKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        scopes\n      }\n    }\n  }\n": typeof types.CreateApiKeyDocument,
    "\n  mutation RevokeApiKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        revokedAt\n      }\n    }\n  }\n": typeof types.RevokeApiKeyDocument,
    "\n  mutation RotateApiKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        previousUntil\n      }\n    }\n  }\n": typeof types.RotateApiKeyDocument,
    "\n  fragment Key on ApiKey {\n    id\n    name\n    hint\n    scopes\n    allowedCidrs\n    documentsOnly\n    createdAt\n    createdBy {\n      kind\n      id\n      name\n    }\n    lastUsedAt\n    expiresAt\n    revokedAt\n    previousUntil\n  }\n": typeof types.KeyFragmentDoc,
    "\n  query KeyById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Key\n    }\n  }\n": typeof types.KeyByIdDocument,
    "\n  query OneEntry($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...AuditEntry\n    }\n  }\n": typeof types.OneEntryDocument,
    "\n  query AuditLog($filter: AuditEntryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...AuditEntry\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.AuditLogDocument,
    "\n  fragment AuditEntry on AuditEntry {\n    id\n    action\n    actorId\n    actorKind\n    address\n    createdAt\n    details\n    subjectId\n  }\n": typeof types.AuditEntryFragmentDoc,
    "\n  query Named($ids: [ID!]!) {\n    nodes(ids: $ids) {\n      __typename\n      ... on User {\n        id\n        name\n      }\n      ... on ApiKey {\n        id\n        name\n      }\n      ... on Workspace {\n        id\n        name\n      }\n      ... on WebhookEndpoint {\n        id\n        url\n      }\n      ... on WebhookDelivery {\n        id\n      }\n      ... on ConversionDestination {\n        id\n        platform\n        intakeBot {\n          id\n        }\n      }\n      ... on Contact {\n        id\n        email\n        phone\n      }\n      ... on Submission {\n        id\n      }\n    }\n  }\n": typeof types.NamedDocument,
    "\n  query OneBot($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n      schema {\n        name\n        label\n        type\n        kind\n        required\n        options\n        helperText\n        placeholder\n        min\n        max\n        minLength\n        maxLength\n        pattern\n      }\n    }\n  }\n": typeof types.OneBotDocument,
    "\n  query SubmissionsOfBot(\n    $id: ID!\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: SubmissionFilter\n  ) {\n    submissions(intakeBotId: $id, first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...SubmissionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.SubmissionsOfBotDocument,
    "\n  query Bots($first: Int, $after: String, $last: Int, $before: String, $filter: IntakeBotFilter) {\n    intakeBots(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Bot\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.BotsDocument,
    "\n  query BotToChange($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n    }\n  }\n": typeof types.BotToChangeDocument,
    "\n  mutation ChangeBotStatus($input: ChangeIntakeBotStatusInput!) {\n    changeIntakeBotStatus(input: $input) {\n      intakeBot {\n        id\n        status\n      }\n    }\n  }\n": typeof types.ChangeBotStatusDocument,
    "\n  fragment Bot on IntakeBot {\n    id\n    name\n    description\n    status\n    recordType\n    schemaVersion\n    submissionCount\n    shareUrl\n    createdAt\n    updatedAt\n  }\n": typeof types.BotFragmentDoc,
    "\n  query SubmissionsOfContact($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    contact(id: $id) {\n      id\n      submissions(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          ...SubmissionRow\n          intakeBot {\n            id\n            name\n          }\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n      records(first: 5) {\n        nodes {\n          id\n          recordType\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n": typeof types.SubmissionsOfContactDocument,
    "\n  query Contacts($first: Int, $after: String, $last: Int, $before: String, $filter: ContactFilter) {\n    contacts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Person\n        tags\n        createdAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.ContactsDocument,
    "\n  mutation UpdateContact($input: UpdateContactInput!) {\n    updateContact(input: $input) {\n      contact {\n        id\n        updatedAt\n      }\n    }\n  }\n": typeof types.UpdateContactDocument,
    "\n  query WhatGoes($id: ID!) {\n    contact(id: $id) {\n      id\n      submissions(first: 40) {\n        totalCount\n        nodes {\n          id\n          messages(first: 1) {\n            totalCount\n          }\n        }\n      }\n      records(first: 40) {\n        totalCount\n        nodes {\n          id\n          contacts(first: 5) {\n            role\n            contact {\n              id\n            }\n          }\n        }\n      }\n    }\n  }\n": typeof types.WhatGoesDocument,
    "\n  mutation EraseContact($input: DeleteContactInput!) {\n    deleteContact(input: $input) {\n      contact {\n        id\n      }\n      erasure {\n        id\n        status\n      }\n    }\n  }\n": typeof types.EraseContactDocument,
    "\n  query ErasureToShow($id: ID!) {\n    erasure(id: $id) {\n      id\n      status\n      createdAt\n      finishedAt\n      counts {\n        submissions\n        messages\n        records\n        events\n        attempts\n        idempotencyRecords\n      }\n    }\n  }\n": typeof types.ErasureToShowDocument,
    "\n  query FindDuplicates($filter: ContactFilter!) {\n    contacts(first: 10, filter: $filter) {\n      nodes {\n        ...Person\n      }\n    }\n  }\n": typeof types.FindDuplicatesDocument,
    "\n  mutation MergeContacts($input: MergeContactsInput!) {\n    mergeContacts(input: $input) {\n      contact {\n        id\n        updatedAt\n        submissions(first: 1) {\n          nodes {\n            id\n          }\n        }\n      }\n    }\n  }\n": typeof types.MergeContactsDocument,
    "\n  fragment Person on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n  }\n": typeof types.PersonFragmentDoc,
    "\n  fragment WholeContact on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n    otherAddresses\n    tags\n    customFields\n    submissionCount\n    createdAt\n    updatedAt\n  }\n": typeof types.WholeContactFragmentDoc,
    "\n  query OneContact($id: ID!) {\n    contact(id: $id) {\n      ...WholeContact\n    }\n  }\n": typeof types.OneContactDocument,
    "\n  query DeliveryFilterChoices {\n    eventTypes {\n      type\n    }\n    webhookEndpoints(first: 100) {\n      nodes {\n        id\n        url\n      }\n    }\n  }\n": typeof types.DeliveryFilterChoicesDocument,
    "\n  query Deliveries($filter: WebhookDeliveryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookDeliveries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...DeliveryRow\n      }\n      searchedTo\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.DeliveriesDocument,
    "\n  mutation RedeliverDelivery($input: RedeliverInput!) {\n    redeliver(input: $input) {\n      webhookDelivery {\n        id\n        status\n      }\n    }\n  }\n": typeof types.RedeliverDeliveryDocument,
    "\n  query DeliveryOfEvent($id: ID!) {\n    event(id: $id) {\n      id\n      deliveries(first: 1) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n": typeof types.DeliveryOfEventDocument,
    "\n  fragment DeliveryRow on WebhookDelivery {\n    id\n    status\n    attemptCount\n    createdAt\n    nextAttemptAt\n    endedAt\n    skipReason\n    lastAttempt {\n      outcome\n      responseStatus\n      timings {\n        totalMs\n      }\n    }\n    event {\n      id\n      type\n      createdAt\n    }\n    endpoint {\n      id\n      url\n    }\n  }\n": typeof types.DeliveryRowFragmentDoc,
    "\n  fragment DeliveryDetail on WebhookDelivery {\n    ...DeliveryRow\n    attemptsLeft\n    requestBody\n    attempts {\n      number\n      at\n      outcome\n      responseStatus\n      responseBody\n      requestHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      responseHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      error\n      address\n      timings {\n        dnsMs\n        connectMs\n        tlsMs\n        firstByteMs\n        totalMs\n      }\n    }\n    endpoint {\n      id\n      url\n      status\n      pauseReason\n    }\n    event {\n      id\n      type\n      createdAt\n      payload\n      deliveries(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          endpoint {\n            id\n            url\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n": typeof types.DeliveryDetailFragmentDoc,
    "\n  query DeliveryById($id: ID!) {\n    webhookDelivery(id: $id) {\n      ...DeliveryDetail\n    }\n  }\n": typeof types.DeliveryByIdDocument,
    "\n  subscription DeliveryChanged($endpointId: ID) {\n    deliveryUpdated(endpointId: $endpointId) {\n      ...DeliveryRow\n    }\n  }\n": typeof types.DeliveryChangedDocument,
    "\n  mutation DistrustDocuments($input: DistrustDocumentsInput!) {\n    distrustDocuments(input: $input) {\n      documentIds\n    }\n  }\n": typeof types.DistrustDocumentsDocument,
    "\n  query Documents($first: Int, $after: String, $last: Int, $before: String) {\n    trustedDocuments(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    apiKeys(first: 100) {\n      nodes {\n        id\n        name\n        documentsOnly\n        revokedAt\n        expiresAt\n      }\n    }\n  }\n": typeof types.DocumentsDocument,
    "\n  mutation TrustDocuments($input: TrustDocumentsInput!) {\n    trustDocuments(input: $input) {\n      documentIds\n    }\n  }\n": typeof types.TrustDocumentsDocument,
    "\n  query Trusted($after: String) {\n    trustedDocuments(first: 100, after: $after) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.TrustedDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n": typeof types.AcceptInvitationDocument,
    "\n  mutation ConnectPlatform($input: CreateConversionDestinationInput!) {\n    createConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": typeof types.ConnectPlatformDocument,
    "\n  query ConversionsOfBot($first: Int, $after: String, $last: Int, $before: String, $filter: ConversionFilter) {\n    conversions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...ConversionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.ConversionsOfBotDocument,
    "\n  subscription ConversionChanged($destinationId: ID) {\n    conversionUpdated(destinationId: $destinationId) {\n      ...ConversionRow\n    }\n  }\n": typeof types.ConversionChangedDocument,
    "\n  query BotToMap($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      schema {\n        name\n        label\n        type\n        kind\n      }\n    }\n  }\n": typeof types.BotToMapDocument,
    "\n  mutation DeleteDestination($input: DeleteConversionDestinationInput!) {\n    deleteConversionDestination(input: $input) {\n      id\n    }\n  }\n": typeof types.DeleteDestinationDocument,
    "\n  mutation UpdateDestination($input: UpdateConversionDestinationInput!) {\n    updateConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": typeof types.UpdateDestinationDocument,
    "\n  query MarketedBot($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      name\n    }\n  }\n": typeof types.MarketedBotDocument,
    "\n  query OneConversion($id: ID!) {\n    node(id: $id) {\n      __typename\n      ... on Conversion {\n        ...ConversionRow\n        eventId\n        occurredAt\n        endedAt\n        dropped\n      }\n    }\n  }\n": typeof types.OneConversionDocument,
    "\n  mutation Resend($input: ResendConversionInput!) {\n    resendConversion(input: $input) {\n      conversion {\n        ...ConversionRow\n      }\n    }\n  }\n": typeof types.ResendDocument,
    "\n  query DestinationsOfBot($id: ID!) {\n    conversionDestinations(intakeBotId: $id, first: 20) {\n      nodes {\n        ...Destination\n      }\n    }\n  }\n": typeof types.DestinationsOfBotDocument,
    "\n  mutation PauseDestination($input: PauseConversionDestinationInput!) {\n    pauseConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": typeof types.PauseDestinationDocument,
    "\n  mutation ResumeDestination($input: ResumeConversionDestinationInput!) {\n    resumeConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": typeof types.ResumeDestinationDocument,
    "\n  mutation TestDestination($input: TestConversionDestinationInput!) {\n    testConversionDestination(input: $input) {\n      ok\n      verdict\n      message\n      sent\n    }\n  }\n": typeof types.TestDestinationDocument,
    "\n  fragment Destination on ConversionDestination {\n    id\n    platform\n    status\n    pauseReason\n    settings\n    credential {\n      lastFour\n      setAt\n      expiresAt\n    }\n    eventName\n    value {\n      amount\n      currency\n      field\n    }\n    mapping\n    defaultCountry\n    consentMode\n    testCode\n    lastSentAt\n    createdAt\n    summary\n  }\n": typeof types.DestinationFragmentDoc,
    "\n  fragment ConversionRow on Conversion {\n    id\n    status\n    verdict\n    reason\n    nextAttemptAt\n    createdAt\n    platform\n    destination {\n      id\n    }\n    submission {\n      id\n      isTest\n      contact {\n        ...Person\n      }\n    }\n    attempts {\n      at\n      status\n      code\n      message\n      traceId\n      ms\n    }\n  }\n": typeof types.ConversionRowFragmentDoc,
    "\n  query HeldOf($filter: ConversionFilter) {\n    conversions(first: 1, filter: $filter) {\n      totalCount\n    }\n  }\n": typeof types.HeldOfDocument,
    "\n  mutation InviteMember($input: InviteMemberInput!) {\n    inviteMember(input: $input) {\n      link\n      invitation {\n        id\n        email\n      }\n    }\n  }\n": typeof types.InviteMemberDocument,
    "\n  mutation ChangeRole($input: UpdateMemberRoleInput!) {\n    updateMemberRole(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n": typeof types.ChangeRoleDocument,
    "\n  query Members($first: Int, $after: String, $last: Int, $before: String) {\n    members(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Member\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    invitations(first: 100) {\n      nodes {\n        id\n        email\n        role\n        createdAt\n        expiresAt\n      }\n    }\n  }\n": typeof types.MembersDocument,
    "\n  mutation WithdrawInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) {\n      invitation {\n        id\n      }\n    }\n  }\n": typeof types.WithdrawInvitationDocument,
    "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) {\n      member {\n        id\n        name\n      }\n      apiKeysMade {\n        id\n        name\n        hint\n      }\n    }\n  }\n": typeof types.RemoveMemberDocument,
    "\n  mutation TransferOwnership($input: TransferOwnershipInput!) {\n    transferOwnership(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n": typeof types.TransferOwnershipDocument,
    "\n  fragment Member on User {\n    id\n    name\n    email\n    role\n    createdAt\n  }\n": typeof types.MemberFragmentDoc,
    "\n  query MemberById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Member\n    }\n  }\n": typeof types.MemberByIdDocument,
    "\n  query EndpointsHealth {\n    webhookEndpoints(first: 10) {\n      nodes {\n        ...EndpointState\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n": typeof types.EndpointsHealthDocument,
    "\n  mutation DismissNotice($input: DismissNoticeInput!) {\n    dismissNotice(input: $input) {\n      notice {\n        id\n        dismissedAt\n      }\n    }\n  }\n": typeof types.DismissNoticeDocument,
    "\n  query Overview {\n    workspace {\n      id\n      usage {\n        apiKeys\n        submissionsThisMonth\n        storedBytes\n        storedMeasuredAt\n      }\n      notices(first: 5) {\n        nodes {\n          id\n          kind\n          params\n          text\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n    intakeBots(first: 20) {\n      nodes {\n        id\n        submissionCount\n      }\n    }\n  }\n": typeof types.OverviewDocument,
    "\n  subscription Happened {\n    eventOccurred {\n      id\n    }\n  }\n": typeof types.HappenedDocument,
    "\n  query OneRecord($id: ID!) {\n    record(id: $id) {\n      id\n      recordType\n      data\n      submissionId\n      createdAt\n      updatedAt\n      contacts(first: 100) {\n        role\n        contact {\n          ...Person\n        }\n      }\n    }\n  }\n": typeof types.OneRecordDocument,
    "\n  query Records($first: Int, $after: String, $last: Int, $before: String, $filter: RecordFilter) {\n    records(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id\n        recordType\n        submissionId\n        createdAt\n        contacts(first: 3) {\n          role\n          contact {\n            ...Person\n          }\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.RecordsDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n": typeof types.SignInDocument,
    "\n  query IsSignedIn {\n    viewer {\n      role\n    }\n  }\n": typeof types.IsSignedInDocument,
    "\n  query MessagesOfSubmission($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    submission(id: $id) {\n      id\n      messages(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          id\n          role\n          content\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.MessagesOfSubmissionDocument,
    "\n  query SubmissionToChange($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      intakeBot {\n        id\n        name\n        recordType\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n          placeholder\n        }\n      }\n    }\n  }\n": typeof types.SubmissionToChangeDocument,
    "\n  mutation UpdateSubmission($input: UpdateSubmissionInput!) {\n    updateSubmission(input: $input) {\n      submission {\n        id\n        status\n        updatedAt\n        contact {\n          id\n        }\n      }\n    }\n  }\n": typeof types.UpdateSubmissionDocument,
    "\n  query OneSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      aiSummary\n      fileCount\n      schemaVersion\n      createdAt\n      updatedAt\n      contact {\n        ...Person\n      }\n      intakeBot {\n        id\n        name\n        status\n        recordType\n        schemaVersion\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n        }\n      }\n    }\n    records(first: 1, filter: { submissionId: $id }) {\n      nodes {\n        id\n        recordType\n      }\n    }\n  }\n": typeof types.OneSubmissionDocument,
    "\n  query EventsOfSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      events(first: 20) {\n        nodes {\n          id\n          type\n          createdAt\n          deliveries(first: 20) {\n            nodes {\n              id\n              status\n              attemptCount\n              endpoint {\n                id\n                url\n              }\n            }\n            pageInfo {\n              hasNextPage\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n": typeof types.EventsOfSubmissionDocument,
    "\n  fragment SubmissionRow on Submission {\n    id\n    status\n    isTest\n    fileCount\n    createdAt\n    contact {\n      ...Person\n    }\n  }\n": typeof types.SubmissionRowFragmentDoc,
    "\n  mutation DeleteWebhook($input: DeleteWebhookEndpointInput!) {\n    deleteWebhookEndpoint(input: $input) {\n      id\n    }\n  }\n": typeof types.DeleteWebhookDocument,
    "\n  mutation UpdateWebhook($input: UpdateWebhookEndpointInput!) {\n    updateWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": typeof types.UpdateWebhookDocument,
    "\n  query LastFailure($endpointId: ID!, $failures: [WebhookAttemptOutcome!]!) {\n    webhookDeliveries(first: 1, filter: { endpointId: $endpointId, outcome: $failures }) {\n      nodes {\n        id\n        lastAttempt {\n          outcome\n          responseStatus\n          error\n        }\n      }\n    }\n  }\n": typeof types.LastFailureDocument,
    "\n  query EndpointDeliveries($endpointId: ID!) {\n    webhookDeliveries(first: 10, filter: { endpointId: $endpointId }) {\n      nodes {\n        ...DeliveryRow\n      }\n    }\n  }\n": typeof types.EndpointDeliveriesDocument,
    "\n  query EventTypes {\n    eventTypes {\n      type\n      description\n    }\n  }\n": typeof types.EventTypesDocument,
    "\n  mutation CreateWebhook($input: CreateWebhookEndpointInput!) {\n    createWebhookEndpoint(input: $input) {\n      secret\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": typeof types.CreateWebhookDocument,
    "\n  query EndpointById($id: ID!, $since: DateTime!) {\n    # Not by node(id:), which knows deleted ones for as long as their deliveries are kept.\n    webhookEndpoint(id: $id) {\n      ...EndpointState\n      ...LastDay\n      events\n      customHeaderNames\n      payloadQuery\n      maxConcurrency\n      createdAt\n      updatedAt\n    }\n  }\n": typeof types.EndpointByIdDocument,
    "\n  mutation PauseWebhook($input: PauseWebhookEndpointInput!) {\n    pauseWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": typeof types.PauseWebhookDocument,
    "\n  query PreviewPayload($type: EventType!, $payloadQuery: String) {\n    previewPayload(type: $type, payloadQuery: $payloadQuery)\n  }\n": typeof types.PreviewPayloadDocument,
    "\n  query EventSchemas {\n    eventTypes {\n      type\n      schema\n    }\n  }\n": typeof types.EventSchemasDocument,
    "\n  subscription ReplayProgressed($id: ID!) {\n    replayProgressed(id: $id) {\n      ...ReplayState\n    }\n  }\n": typeof types.ReplayProgressedDocument,
    "\n  mutation CancelReplay($input: CancelReplayInput!) {\n    cancelReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n": typeof types.CancelReplayDocument,
    "\n  mutation StartReplay($input: StartReplayInput!) {\n    startReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n": typeof types.StartReplayDocument,
    "\n  mutation ResumeWebhook($input: ResumeWebhookEndpointInput!) {\n    resumeWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": typeof types.ResumeWebhookDocument,
    "\n  mutation SendTestEvent($input: SendTestEventInput!) {\n    sendTestEvent(input: $input) {\n      attempt {\n        at\n        outcome\n        responseStatus\n        responseBody\n        error\n        address\n        timings {\n          dnsMs\n          connectMs\n          tlsMs\n          firstByteMs\n          totalMs\n        }\n      }\n    }\n  }\n": typeof types.SendTestEventDocument,
    "\n  mutation RotateWebhookSecret($input: RotateWebhookSecretInput!) {\n    rotateWebhookSecret(input: $input) {\n      secret\n      webhookEndpoint {\n        id\n        updatedAt\n      }\n    }\n  }\n": typeof types.RotateWebhookSecretDocument,
    "\n  query Webhooks($since: DateTime!, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookEndpoints(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...EndpointState\n        ...LastDay\n        events\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": typeof types.WebhooksDocument,
    "\n  subscription SomethingSent {\n    deliveryUpdated {\n      id\n    }\n  }\n": typeof types.SomethingSentDocument,
    "\n  fragment EndpointState on WebhookEndpoint {\n    id\n    url\n    description\n    status\n    pauseReason\n    pausedAt\n    consecutiveFails\n    heldCount\n    lastDeliveryAt\n    lastDeliveryOk\n  }\n": typeof types.EndpointStateFragmentDoc,
    "\n  fragment LastDay on WebhookEndpoint {\n    stats(since: $since, buckets: 24) {\n      at\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n    lastDay: stats(since: $since, buckets: 1) {\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n  }\n": typeof types.LastDayFragmentDoc,
    "\n  fragment ReplayState on Replay {\n    id\n    status\n    only\n    since\n    until\n    ratePerSecond\n    dryRun\n    counted\n    total\n    done\n    createdAt\n  }\n": typeof types.ReplayStateFragmentDoc,
    "\n  query Replays {\n    replays(first: 50) {\n      nodes {\n        ...ReplayState\n        endpoint {\n          id\n        }\n      }\n    }\n  }\n": typeof types.ReplaysDocument,
    "\n  mutation RenameWorkspace($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        name\n      }\n    }\n  }\n": typeof types.RenameWorkspaceDocument,
    "\n  mutation SwitchAgents($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        agentsMayConnect\n      }\n    }\n  }\n": typeof types.SwitchAgentsDocument,
    "\n  mutation SignOut {\n    signOut {\n      signedOut\n    }\n  }\n": typeof types.SignOutDocument,
    "\n  query WhoIsHere {\n    viewer {\n      role\n      user {\n        id\n        email\n        name\n      }\n      workspace {\n        id\n        name\n        plan\n        agentsMayConnect\n        limits {\n          api\n          apiKeys\n          conversions\n          requestsPerMinute\n          storageBytes\n          submissionRetentionDays\n          submissionsPerMonth\n          webhookEndpoints\n          webhooks\n        }\n      }\n    }\n  }\n": typeof types.WhoIsHereDocument,
};
const documents: Documents = {
    "\n  query Account {\n    viewer {\n      sessions {\n        id\n        createdAt\n        lastUsedAt\n        address\n        userAgent\n        current\n      }\n    }\n  }\n": types.AccountDocument,
    "\n  mutation EndSession($input: EndSessionInput!) {\n    endSession(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n": types.EndSessionDocument,
    "\n  mutation SignOutEverywhere {\n    signOutEverywhere {\n      sessionsEnded\n    }\n  }\n": types.SignOutEverywhereDocument,
    "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n": types.ChangePasswordDocument,
    "\n  query ApiKeys($first: Int, $after: String, $last: Int, $before: String) {\n    apiKeys(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Key\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    workspace {\n      id\n      usage {\n        apiKeys\n      }\n    }\n  }\n": types.ApiKeysDocument,
    "\n  mutation CreateApiKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        scopes\n      }\n    }\n  }\n": types.CreateApiKeyDocument,
    "\n  mutation RevokeApiKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        revokedAt\n      }\n    }\n  }\n": types.RevokeApiKeyDocument,
    "\n  mutation RotateApiKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        previousUntil\n      }\n    }\n  }\n": types.RotateApiKeyDocument,
    "\n  fragment Key on ApiKey {\n    id\n    name\n    hint\n    scopes\n    allowedCidrs\n    documentsOnly\n    createdAt\n    createdBy {\n      kind\n      id\n      name\n    }\n    lastUsedAt\n    expiresAt\n    revokedAt\n    previousUntil\n  }\n": types.KeyFragmentDoc,
    "\n  query KeyById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Key\n    }\n  }\n": types.KeyByIdDocument,
    "\n  query OneEntry($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...AuditEntry\n    }\n  }\n": types.OneEntryDocument,
    "\n  query AuditLog($filter: AuditEntryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...AuditEntry\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.AuditLogDocument,
    "\n  fragment AuditEntry on AuditEntry {\n    id\n    action\n    actorId\n    actorKind\n    address\n    createdAt\n    details\n    subjectId\n  }\n": types.AuditEntryFragmentDoc,
    "\n  query Named($ids: [ID!]!) {\n    nodes(ids: $ids) {\n      __typename\n      ... on User {\n        id\n        name\n      }\n      ... on ApiKey {\n        id\n        name\n      }\n      ... on Workspace {\n        id\n        name\n      }\n      ... on WebhookEndpoint {\n        id\n        url\n      }\n      ... on WebhookDelivery {\n        id\n      }\n      ... on ConversionDestination {\n        id\n        platform\n        intakeBot {\n          id\n        }\n      }\n      ... on Contact {\n        id\n        email\n        phone\n      }\n      ... on Submission {\n        id\n      }\n    }\n  }\n": types.NamedDocument,
    "\n  query OneBot($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n      schema {\n        name\n        label\n        type\n        kind\n        required\n        options\n        helperText\n        placeholder\n        min\n        max\n        minLength\n        maxLength\n        pattern\n      }\n    }\n  }\n": types.OneBotDocument,
    "\n  query SubmissionsOfBot(\n    $id: ID!\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: SubmissionFilter\n  ) {\n    submissions(intakeBotId: $id, first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...SubmissionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.SubmissionsOfBotDocument,
    "\n  query Bots($first: Int, $after: String, $last: Int, $before: String, $filter: IntakeBotFilter) {\n    intakeBots(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Bot\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.BotsDocument,
    "\n  query BotToChange($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n    }\n  }\n": types.BotToChangeDocument,
    "\n  mutation ChangeBotStatus($input: ChangeIntakeBotStatusInput!) {\n    changeIntakeBotStatus(input: $input) {\n      intakeBot {\n        id\n        status\n      }\n    }\n  }\n": types.ChangeBotStatusDocument,
    "\n  fragment Bot on IntakeBot {\n    id\n    name\n    description\n    status\n    recordType\n    schemaVersion\n    submissionCount\n    shareUrl\n    createdAt\n    updatedAt\n  }\n": types.BotFragmentDoc,
    "\n  query SubmissionsOfContact($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    contact(id: $id) {\n      id\n      submissions(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          ...SubmissionRow\n          intakeBot {\n            id\n            name\n          }\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n      records(first: 5) {\n        nodes {\n          id\n          recordType\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n": types.SubmissionsOfContactDocument,
    "\n  query Contacts($first: Int, $after: String, $last: Int, $before: String, $filter: ContactFilter) {\n    contacts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Person\n        tags\n        createdAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.ContactsDocument,
    "\n  mutation UpdateContact($input: UpdateContactInput!) {\n    updateContact(input: $input) {\n      contact {\n        id\n        updatedAt\n      }\n    }\n  }\n": types.UpdateContactDocument,
    "\n  query WhatGoes($id: ID!) {\n    contact(id: $id) {\n      id\n      submissions(first: 40) {\n        totalCount\n        nodes {\n          id\n          messages(first: 1) {\n            totalCount\n          }\n        }\n      }\n      records(first: 40) {\n        totalCount\n        nodes {\n          id\n          contacts(first: 5) {\n            role\n            contact {\n              id\n            }\n          }\n        }\n      }\n    }\n  }\n": types.WhatGoesDocument,
    "\n  mutation EraseContact($input: DeleteContactInput!) {\n    deleteContact(input: $input) {\n      contact {\n        id\n      }\n      erasure {\n        id\n        status\n      }\n    }\n  }\n": types.EraseContactDocument,
    "\n  query ErasureToShow($id: ID!) {\n    erasure(id: $id) {\n      id\n      status\n      createdAt\n      finishedAt\n      counts {\n        submissions\n        messages\n        records\n        events\n        attempts\n        idempotencyRecords\n      }\n    }\n  }\n": types.ErasureToShowDocument,
    "\n  query FindDuplicates($filter: ContactFilter!) {\n    contacts(first: 10, filter: $filter) {\n      nodes {\n        ...Person\n      }\n    }\n  }\n": types.FindDuplicatesDocument,
    "\n  mutation MergeContacts($input: MergeContactsInput!) {\n    mergeContacts(input: $input) {\n      contact {\n        id\n        updatedAt\n        submissions(first: 1) {\n          nodes {\n            id\n          }\n        }\n      }\n    }\n  }\n": types.MergeContactsDocument,
    "\n  fragment Person on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n  }\n": types.PersonFragmentDoc,
    "\n  fragment WholeContact on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n    otherAddresses\n    tags\n    customFields\n    submissionCount\n    createdAt\n    updatedAt\n  }\n": types.WholeContactFragmentDoc,
    "\n  query OneContact($id: ID!) {\n    contact(id: $id) {\n      ...WholeContact\n    }\n  }\n": types.OneContactDocument,
    "\n  query DeliveryFilterChoices {\n    eventTypes {\n      type\n    }\n    webhookEndpoints(first: 100) {\n      nodes {\n        id\n        url\n      }\n    }\n  }\n": types.DeliveryFilterChoicesDocument,
    "\n  query Deliveries($filter: WebhookDeliveryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookDeliveries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...DeliveryRow\n      }\n      searchedTo\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.DeliveriesDocument,
    "\n  mutation RedeliverDelivery($input: RedeliverInput!) {\n    redeliver(input: $input) {\n      webhookDelivery {\n        id\n        status\n      }\n    }\n  }\n": types.RedeliverDeliveryDocument,
    "\n  query DeliveryOfEvent($id: ID!) {\n    event(id: $id) {\n      id\n      deliveries(first: 1) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n": types.DeliveryOfEventDocument,
    "\n  fragment DeliveryRow on WebhookDelivery {\n    id\n    status\n    attemptCount\n    createdAt\n    nextAttemptAt\n    endedAt\n    skipReason\n    lastAttempt {\n      outcome\n      responseStatus\n      timings {\n        totalMs\n      }\n    }\n    event {\n      id\n      type\n      createdAt\n    }\n    endpoint {\n      id\n      url\n    }\n  }\n": types.DeliveryRowFragmentDoc,
    "\n  fragment DeliveryDetail on WebhookDelivery {\n    ...DeliveryRow\n    attemptsLeft\n    requestBody\n    attempts {\n      number\n      at\n      outcome\n      responseStatus\n      responseBody\n      requestHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      responseHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      error\n      address\n      timings {\n        dnsMs\n        connectMs\n        tlsMs\n        firstByteMs\n        totalMs\n      }\n    }\n    endpoint {\n      id\n      url\n      status\n      pauseReason\n    }\n    event {\n      id\n      type\n      createdAt\n      payload\n      deliveries(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          endpoint {\n            id\n            url\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n": types.DeliveryDetailFragmentDoc,
    "\n  query DeliveryById($id: ID!) {\n    webhookDelivery(id: $id) {\n      ...DeliveryDetail\n    }\n  }\n": types.DeliveryByIdDocument,
    "\n  subscription DeliveryChanged($endpointId: ID) {\n    deliveryUpdated(endpointId: $endpointId) {\n      ...DeliveryRow\n    }\n  }\n": types.DeliveryChangedDocument,
    "\n  mutation DistrustDocuments($input: DistrustDocumentsInput!) {\n    distrustDocuments(input: $input) {\n      documentIds\n    }\n  }\n": types.DistrustDocumentsDocument,
    "\n  query Documents($first: Int, $after: String, $last: Int, $before: String) {\n    trustedDocuments(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    apiKeys(first: 100) {\n      nodes {\n        id\n        name\n        documentsOnly\n        revokedAt\n        expiresAt\n      }\n    }\n  }\n": types.DocumentsDocument,
    "\n  mutation TrustDocuments($input: TrustDocumentsInput!) {\n    trustDocuments(input: $input) {\n      documentIds\n    }\n  }\n": types.TrustDocumentsDocument,
    "\n  query Trusted($after: String) {\n    trustedDocuments(first: 100, after: $after) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.TrustedDocument,
    "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n": types.AcceptInvitationDocument,
    "\n  mutation ConnectPlatform($input: CreateConversionDestinationInput!) {\n    createConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": types.ConnectPlatformDocument,
    "\n  query ConversionsOfBot($first: Int, $after: String, $last: Int, $before: String, $filter: ConversionFilter) {\n    conversions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...ConversionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.ConversionsOfBotDocument,
    "\n  subscription ConversionChanged($destinationId: ID) {\n    conversionUpdated(destinationId: $destinationId) {\n      ...ConversionRow\n    }\n  }\n": types.ConversionChangedDocument,
    "\n  query BotToMap($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      schema {\n        name\n        label\n        type\n        kind\n      }\n    }\n  }\n": types.BotToMapDocument,
    "\n  mutation DeleteDestination($input: DeleteConversionDestinationInput!) {\n    deleteConversionDestination(input: $input) {\n      id\n    }\n  }\n": types.DeleteDestinationDocument,
    "\n  mutation UpdateDestination($input: UpdateConversionDestinationInput!) {\n    updateConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": types.UpdateDestinationDocument,
    "\n  query MarketedBot($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      name\n    }\n  }\n": types.MarketedBotDocument,
    "\n  query OneConversion($id: ID!) {\n    node(id: $id) {\n      __typename\n      ... on Conversion {\n        ...ConversionRow\n        eventId\n        occurredAt\n        endedAt\n        dropped\n      }\n    }\n  }\n": types.OneConversionDocument,
    "\n  mutation Resend($input: ResendConversionInput!) {\n    resendConversion(input: $input) {\n      conversion {\n        ...ConversionRow\n      }\n    }\n  }\n": types.ResendDocument,
    "\n  query DestinationsOfBot($id: ID!) {\n    conversionDestinations(intakeBotId: $id, first: 20) {\n      nodes {\n        ...Destination\n      }\n    }\n  }\n": types.DestinationsOfBotDocument,
    "\n  mutation PauseDestination($input: PauseConversionDestinationInput!) {\n    pauseConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": types.PauseDestinationDocument,
    "\n  mutation ResumeDestination($input: ResumeConversionDestinationInput!) {\n    resumeConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n": types.ResumeDestinationDocument,
    "\n  mutation TestDestination($input: TestConversionDestinationInput!) {\n    testConversionDestination(input: $input) {\n      ok\n      verdict\n      message\n      sent\n    }\n  }\n": types.TestDestinationDocument,
    "\n  fragment Destination on ConversionDestination {\n    id\n    platform\n    status\n    pauseReason\n    settings\n    credential {\n      lastFour\n      setAt\n      expiresAt\n    }\n    eventName\n    value {\n      amount\n      currency\n      field\n    }\n    mapping\n    defaultCountry\n    consentMode\n    testCode\n    lastSentAt\n    createdAt\n    summary\n  }\n": types.DestinationFragmentDoc,
    "\n  fragment ConversionRow on Conversion {\n    id\n    status\n    verdict\n    reason\n    nextAttemptAt\n    createdAt\n    platform\n    destination {\n      id\n    }\n    submission {\n      id\n      isTest\n      contact {\n        ...Person\n      }\n    }\n    attempts {\n      at\n      status\n      code\n      message\n      traceId\n      ms\n    }\n  }\n": types.ConversionRowFragmentDoc,
    "\n  query HeldOf($filter: ConversionFilter) {\n    conversions(first: 1, filter: $filter) {\n      totalCount\n    }\n  }\n": types.HeldOfDocument,
    "\n  mutation InviteMember($input: InviteMemberInput!) {\n    inviteMember(input: $input) {\n      link\n      invitation {\n        id\n        email\n      }\n    }\n  }\n": types.InviteMemberDocument,
    "\n  mutation ChangeRole($input: UpdateMemberRoleInput!) {\n    updateMemberRole(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n": types.ChangeRoleDocument,
    "\n  query Members($first: Int, $after: String, $last: Int, $before: String) {\n    members(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Member\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    invitations(first: 100) {\n      nodes {\n        id\n        email\n        role\n        createdAt\n        expiresAt\n      }\n    }\n  }\n": types.MembersDocument,
    "\n  mutation WithdrawInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) {\n      invitation {\n        id\n      }\n    }\n  }\n": types.WithdrawInvitationDocument,
    "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) {\n      member {\n        id\n        name\n      }\n      apiKeysMade {\n        id\n        name\n        hint\n      }\n    }\n  }\n": types.RemoveMemberDocument,
    "\n  mutation TransferOwnership($input: TransferOwnershipInput!) {\n    transferOwnership(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n": types.TransferOwnershipDocument,
    "\n  fragment Member on User {\n    id\n    name\n    email\n    role\n    createdAt\n  }\n": types.MemberFragmentDoc,
    "\n  query MemberById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Member\n    }\n  }\n": types.MemberByIdDocument,
    "\n  query EndpointsHealth {\n    webhookEndpoints(first: 10) {\n      nodes {\n        ...EndpointState\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n": types.EndpointsHealthDocument,
    "\n  mutation DismissNotice($input: DismissNoticeInput!) {\n    dismissNotice(input: $input) {\n      notice {\n        id\n        dismissedAt\n      }\n    }\n  }\n": types.DismissNoticeDocument,
    "\n  query Overview {\n    workspace {\n      id\n      usage {\n        apiKeys\n        submissionsThisMonth\n        storedBytes\n        storedMeasuredAt\n      }\n      notices(first: 5) {\n        nodes {\n          id\n          kind\n          params\n          text\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n    intakeBots(first: 20) {\n      nodes {\n        id\n        submissionCount\n      }\n    }\n  }\n": types.OverviewDocument,
    "\n  subscription Happened {\n    eventOccurred {\n      id\n    }\n  }\n": types.HappenedDocument,
    "\n  query OneRecord($id: ID!) {\n    record(id: $id) {\n      id\n      recordType\n      data\n      submissionId\n      createdAt\n      updatedAt\n      contacts(first: 100) {\n        role\n        contact {\n          ...Person\n        }\n      }\n    }\n  }\n": types.OneRecordDocument,
    "\n  query Records($first: Int, $after: String, $last: Int, $before: String, $filter: RecordFilter) {\n    records(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id\n        recordType\n        submissionId\n        createdAt\n        contacts(first: 3) {\n          role\n          contact {\n            ...Person\n          }\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.RecordsDocument,
    "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n": types.SignInDocument,
    "\n  query IsSignedIn {\n    viewer {\n      role\n    }\n  }\n": types.IsSignedInDocument,
    "\n  query MessagesOfSubmission($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    submission(id: $id) {\n      id\n      messages(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          id\n          role\n          content\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n": types.MessagesOfSubmissionDocument,
    "\n  query SubmissionToChange($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      intakeBot {\n        id\n        name\n        recordType\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n          placeholder\n        }\n      }\n    }\n  }\n": types.SubmissionToChangeDocument,
    "\n  mutation UpdateSubmission($input: UpdateSubmissionInput!) {\n    updateSubmission(input: $input) {\n      submission {\n        id\n        status\n        updatedAt\n        contact {\n          id\n        }\n      }\n    }\n  }\n": types.UpdateSubmissionDocument,
    "\n  query OneSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      aiSummary\n      fileCount\n      schemaVersion\n      createdAt\n      updatedAt\n      contact {\n        ...Person\n      }\n      intakeBot {\n        id\n        name\n        status\n        recordType\n        schemaVersion\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n        }\n      }\n    }\n    records(first: 1, filter: { submissionId: $id }) {\n      nodes {\n        id\n        recordType\n      }\n    }\n  }\n": types.OneSubmissionDocument,
    "\n  query EventsOfSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      events(first: 20) {\n        nodes {\n          id\n          type\n          createdAt\n          deliveries(first: 20) {\n            nodes {\n              id\n              status\n              attemptCount\n              endpoint {\n                id\n                url\n              }\n            }\n            pageInfo {\n              hasNextPage\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n": types.EventsOfSubmissionDocument,
    "\n  fragment SubmissionRow on Submission {\n    id\n    status\n    isTest\n    fileCount\n    createdAt\n    contact {\n      ...Person\n    }\n  }\n": types.SubmissionRowFragmentDoc,
    "\n  mutation DeleteWebhook($input: DeleteWebhookEndpointInput!) {\n    deleteWebhookEndpoint(input: $input) {\n      id\n    }\n  }\n": types.DeleteWebhookDocument,
    "\n  mutation UpdateWebhook($input: UpdateWebhookEndpointInput!) {\n    updateWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": types.UpdateWebhookDocument,
    "\n  query LastFailure($endpointId: ID!, $failures: [WebhookAttemptOutcome!]!) {\n    webhookDeliveries(first: 1, filter: { endpointId: $endpointId, outcome: $failures }) {\n      nodes {\n        id\n        lastAttempt {\n          outcome\n          responseStatus\n          error\n        }\n      }\n    }\n  }\n": types.LastFailureDocument,
    "\n  query EndpointDeliveries($endpointId: ID!) {\n    webhookDeliveries(first: 10, filter: { endpointId: $endpointId }) {\n      nodes {\n        ...DeliveryRow\n      }\n    }\n  }\n": types.EndpointDeliveriesDocument,
    "\n  query EventTypes {\n    eventTypes {\n      type\n      description\n    }\n  }\n": types.EventTypesDocument,
    "\n  mutation CreateWebhook($input: CreateWebhookEndpointInput!) {\n    createWebhookEndpoint(input: $input) {\n      secret\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": types.CreateWebhookDocument,
    "\n  query EndpointById($id: ID!, $since: DateTime!) {\n    # Not by node(id:), which knows deleted ones for as long as their deliveries are kept.\n    webhookEndpoint(id: $id) {\n      ...EndpointState\n      ...LastDay\n      events\n      customHeaderNames\n      payloadQuery\n      maxConcurrency\n      createdAt\n      updatedAt\n    }\n  }\n": types.EndpointByIdDocument,
    "\n  mutation PauseWebhook($input: PauseWebhookEndpointInput!) {\n    pauseWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": types.PauseWebhookDocument,
    "\n  query PreviewPayload($type: EventType!, $payloadQuery: String) {\n    previewPayload(type: $type, payloadQuery: $payloadQuery)\n  }\n": types.PreviewPayloadDocument,
    "\n  query EventSchemas {\n    eventTypes {\n      type\n      schema\n    }\n  }\n": types.EventSchemasDocument,
    "\n  subscription ReplayProgressed($id: ID!) {\n    replayProgressed(id: $id) {\n      ...ReplayState\n    }\n  }\n": types.ReplayProgressedDocument,
    "\n  mutation CancelReplay($input: CancelReplayInput!) {\n    cancelReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n": types.CancelReplayDocument,
    "\n  mutation StartReplay($input: StartReplayInput!) {\n    startReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n": types.StartReplayDocument,
    "\n  mutation ResumeWebhook($input: ResumeWebhookEndpointInput!) {\n    resumeWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n": types.ResumeWebhookDocument,
    "\n  mutation SendTestEvent($input: SendTestEventInput!) {\n    sendTestEvent(input: $input) {\n      attempt {\n        at\n        outcome\n        responseStatus\n        responseBody\n        error\n        address\n        timings {\n          dnsMs\n          connectMs\n          tlsMs\n          firstByteMs\n          totalMs\n        }\n      }\n    }\n  }\n": types.SendTestEventDocument,
    "\n  mutation RotateWebhookSecret($input: RotateWebhookSecretInput!) {\n    rotateWebhookSecret(input: $input) {\n      secret\n      webhookEndpoint {\n        id\n        updatedAt\n      }\n    }\n  }\n": types.RotateWebhookSecretDocument,
    "\n  query Webhooks($since: DateTime!, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookEndpoints(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...EndpointState\n        ...LastDay\n        events\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n": types.WebhooksDocument,
    "\n  subscription SomethingSent {\n    deliveryUpdated {\n      id\n    }\n  }\n": types.SomethingSentDocument,
    "\n  fragment EndpointState on WebhookEndpoint {\n    id\n    url\n    description\n    status\n    pauseReason\n    pausedAt\n    consecutiveFails\n    heldCount\n    lastDeliveryAt\n    lastDeliveryOk\n  }\n": types.EndpointStateFragmentDoc,
    "\n  fragment LastDay on WebhookEndpoint {\n    stats(since: $since, buckets: 24) {\n      at\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n    lastDay: stats(since: $since, buckets: 1) {\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n  }\n": types.LastDayFragmentDoc,
    "\n  fragment ReplayState on Replay {\n    id\n    status\n    only\n    since\n    until\n    ratePerSecond\n    dryRun\n    counted\n    total\n    done\n    createdAt\n  }\n": types.ReplayStateFragmentDoc,
    "\n  query Replays {\n    replays(first: 50) {\n      nodes {\n        ...ReplayState\n        endpoint {\n          id\n        }\n      }\n    }\n  }\n": types.ReplaysDocument,
    "\n  mutation RenameWorkspace($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        name\n      }\n    }\n  }\n": types.RenameWorkspaceDocument,
    "\n  mutation SwitchAgents($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        agentsMayConnect\n      }\n    }\n  }\n": types.SwitchAgentsDocument,
    "\n  mutation SignOut {\n    signOut {\n      signedOut\n    }\n  }\n": types.SignOutDocument,
    "\n  query WhoIsHere {\n    viewer {\n      role\n      user {\n        id\n        email\n        name\n      }\n      workspace {\n        id\n        name\n        plan\n        agentsMayConnect\n        limits {\n          api\n          apiKeys\n          conversions\n          requestsPerMinute\n          storageBytes\n          submissionRetentionDays\n          submissionsPerMonth\n          webhookEndpoints\n          webhooks\n        }\n      }\n    }\n  }\n": types.WhoIsHereDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Account {\n    viewer {\n      sessions {\n        id\n        createdAt\n        lastUsedAt\n        address\n        userAgent\n        current\n      }\n    }\n  }\n"): (typeof documents)["\n  query Account {\n    viewer {\n      sessions {\n        id\n        createdAt\n        lastUsedAt\n        address\n        userAgent\n        current\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EndSession($input: EndSessionInput!) {\n    endSession(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation EndSession($input: EndSessionInput!) {\n    endSession(input: $input) {\n      session {\n        id\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignOutEverywhere {\n    signOutEverywhere {\n      sessionsEnded\n    }\n  }\n"): (typeof documents)["\n  mutation SignOutEverywhere {\n    signOutEverywhere {\n      sessionsEnded\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ChangePassword($input: ChangePasswordInput!) {\n    changePassword(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ApiKeys($first: Int, $after: String, $last: Int, $before: String) {\n    apiKeys(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Key\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    workspace {\n      id\n      usage {\n        apiKeys\n      }\n    }\n  }\n"): (typeof documents)["\n  query ApiKeys($first: Int, $after: String, $last: Int, $before: String) {\n    apiKeys(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Key\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    workspace {\n      id\n      usage {\n        apiKeys\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateApiKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        scopes\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateApiKey($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        scopes\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RevokeApiKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        revokedAt\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RevokeApiKey($input: RevokeApiKeyInput!) {\n    revokeApiKey(input: $input) {\n      apiKey {\n        id\n        revokedAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RotateApiKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        previousUntil\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RotateApiKey($input: RotateApiKeyInput!) {\n    rotateApiKey(input: $input) {\n      secret\n      apiKey {\n        id\n        name\n        previousUntil\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Key on ApiKey {\n    id\n    name\n    hint\n    scopes\n    allowedCidrs\n    documentsOnly\n    createdAt\n    createdBy {\n      kind\n      id\n      name\n    }\n    lastUsedAt\n    expiresAt\n    revokedAt\n    previousUntil\n  }\n"): (typeof documents)["\n  fragment Key on ApiKey {\n    id\n    name\n    hint\n    scopes\n    allowedCidrs\n    documentsOnly\n    createdAt\n    createdBy {\n      kind\n      id\n      name\n    }\n    lastUsedAt\n    expiresAt\n    revokedAt\n    previousUntil\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query KeyById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Key\n    }\n  }\n"): (typeof documents)["\n  query KeyById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Key\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneEntry($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...AuditEntry\n    }\n  }\n"): (typeof documents)["\n  query OneEntry($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...AuditEntry\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query AuditLog($filter: AuditEntryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...AuditEntry\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query AuditLog($filter: AuditEntryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    auditLog(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...AuditEntry\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AuditEntry on AuditEntry {\n    id\n    action\n    actorId\n    actorKind\n    address\n    createdAt\n    details\n    subjectId\n  }\n"): (typeof documents)["\n  fragment AuditEntry on AuditEntry {\n    id\n    action\n    actorId\n    actorKind\n    address\n    createdAt\n    details\n    subjectId\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Named($ids: [ID!]!) {\n    nodes(ids: $ids) {\n      __typename\n      ... on User {\n        id\n        name\n      }\n      ... on ApiKey {\n        id\n        name\n      }\n      ... on Workspace {\n        id\n        name\n      }\n      ... on WebhookEndpoint {\n        id\n        url\n      }\n      ... on WebhookDelivery {\n        id\n      }\n      ... on ConversionDestination {\n        id\n        platform\n        intakeBot {\n          id\n        }\n      }\n      ... on Contact {\n        id\n        email\n        phone\n      }\n      ... on Submission {\n        id\n      }\n    }\n  }\n"): (typeof documents)["\n  query Named($ids: [ID!]!) {\n    nodes(ids: $ids) {\n      __typename\n      ... on User {\n        id\n        name\n      }\n      ... on ApiKey {\n        id\n        name\n      }\n      ... on Workspace {\n        id\n        name\n      }\n      ... on WebhookEndpoint {\n        id\n        url\n      }\n      ... on WebhookDelivery {\n        id\n      }\n      ... on ConversionDestination {\n        id\n        platform\n        intakeBot {\n          id\n        }\n      }\n      ... on Contact {\n        id\n        email\n        phone\n      }\n      ... on Submission {\n        id\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneBot($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n      schema {\n        name\n        label\n        type\n        kind\n        required\n        options\n        helperText\n        placeholder\n        min\n        max\n        minLength\n        maxLength\n        pattern\n      }\n    }\n  }\n"): (typeof documents)["\n  query OneBot($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n      schema {\n        name\n        label\n        type\n        kind\n        required\n        options\n        helperText\n        placeholder\n        min\n        max\n        minLength\n        maxLength\n        pattern\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SubmissionsOfBot(\n    $id: ID!\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: SubmissionFilter\n  ) {\n    submissions(intakeBotId: $id, first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...SubmissionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query SubmissionsOfBot(\n    $id: ID!\n    $first: Int\n    $after: String\n    $last: Int\n    $before: String\n    $filter: SubmissionFilter\n  ) {\n    submissions(intakeBotId: $id, first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...SubmissionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Bots($first: Int, $after: String, $last: Int, $before: String, $filter: IntakeBotFilter) {\n    intakeBots(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Bot\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Bots($first: Int, $after: String, $last: Int, $before: String, $filter: IntakeBotFilter) {\n    intakeBots(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Bot\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query BotToChange($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n    }\n  }\n"): (typeof documents)["\n  query BotToChange($id: ID!) {\n    intakeBot(id: $id) {\n      ...Bot\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeBotStatus($input: ChangeIntakeBotStatusInput!) {\n    changeIntakeBotStatus(input: $input) {\n      intakeBot {\n        id\n        status\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ChangeBotStatus($input: ChangeIntakeBotStatusInput!) {\n    changeIntakeBotStatus(input: $input) {\n      intakeBot {\n        id\n        status\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Bot on IntakeBot {\n    id\n    name\n    description\n    status\n    recordType\n    schemaVersion\n    submissionCount\n    shareUrl\n    createdAt\n    updatedAt\n  }\n"): (typeof documents)["\n  fragment Bot on IntakeBot {\n    id\n    name\n    description\n    status\n    recordType\n    schemaVersion\n    submissionCount\n    shareUrl\n    createdAt\n    updatedAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SubmissionsOfContact($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    contact(id: $id) {\n      id\n      submissions(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          ...SubmissionRow\n          intakeBot {\n            id\n            name\n          }\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n      records(first: 5) {\n        nodes {\n          id\n          recordType\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query SubmissionsOfContact($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    contact(id: $id) {\n      id\n      submissions(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          ...SubmissionRow\n          intakeBot {\n            id\n            name\n          }\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n      records(first: 5) {\n        nodes {\n          id\n          recordType\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Contacts($first: Int, $after: String, $last: Int, $before: String, $filter: ContactFilter) {\n    contacts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Person\n        tags\n        createdAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Contacts($first: Int, $after: String, $last: Int, $before: String, $filter: ContactFilter) {\n    contacts(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...Person\n        tags\n        createdAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateContact($input: UpdateContactInput!) {\n    updateContact(input: $input) {\n      contact {\n        id\n        updatedAt\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateContact($input: UpdateContactInput!) {\n    updateContact(input: $input) {\n      contact {\n        id\n        updatedAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WhatGoes($id: ID!) {\n    contact(id: $id) {\n      id\n      submissions(first: 40) {\n        totalCount\n        nodes {\n          id\n          messages(first: 1) {\n            totalCount\n          }\n        }\n      }\n      records(first: 40) {\n        totalCount\n        nodes {\n          id\n          contacts(first: 5) {\n            role\n            contact {\n              id\n            }\n          }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query WhatGoes($id: ID!) {\n    contact(id: $id) {\n      id\n      submissions(first: 40) {\n        totalCount\n        nodes {\n          id\n          messages(first: 1) {\n            totalCount\n          }\n        }\n      }\n      records(first: 40) {\n        totalCount\n        nodes {\n          id\n          contacts(first: 5) {\n            role\n            contact {\n              id\n            }\n          }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EraseContact($input: DeleteContactInput!) {\n    deleteContact(input: $input) {\n      contact {\n        id\n      }\n      erasure {\n        id\n        status\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation EraseContact($input: DeleteContactInput!) {\n    deleteContact(input: $input) {\n      contact {\n        id\n      }\n      erasure {\n        id\n        status\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ErasureToShow($id: ID!) {\n    erasure(id: $id) {\n      id\n      status\n      createdAt\n      finishedAt\n      counts {\n        submissions\n        messages\n        records\n        events\n        attempts\n        idempotencyRecords\n      }\n    }\n  }\n"): (typeof documents)["\n  query ErasureToShow($id: ID!) {\n    erasure(id: $id) {\n      id\n      status\n      createdAt\n      finishedAt\n      counts {\n        submissions\n        messages\n        records\n        events\n        attempts\n        idempotencyRecords\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query FindDuplicates($filter: ContactFilter!) {\n    contacts(first: 10, filter: $filter) {\n      nodes {\n        ...Person\n      }\n    }\n  }\n"): (typeof documents)["\n  query FindDuplicates($filter: ContactFilter!) {\n    contacts(first: 10, filter: $filter) {\n      nodes {\n        ...Person\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation MergeContacts($input: MergeContactsInput!) {\n    mergeContacts(input: $input) {\n      contact {\n        id\n        updatedAt\n        submissions(first: 1) {\n          nodes {\n            id\n          }\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation MergeContacts($input: MergeContactsInput!) {\n    mergeContacts(input: $input) {\n      contact {\n        id\n        updatedAt\n        submissions(first: 1) {\n          nodes {\n            id\n          }\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Person on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n  }\n"): (typeof documents)["\n  fragment Person on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment WholeContact on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n    otherAddresses\n    tags\n    customFields\n    submissionCount\n    createdAt\n    updatedAt\n  }\n"): (typeof documents)["\n  fragment WholeContact on Contact {\n    id\n    firstName\n    lastName\n    email\n    phone\n    otherAddresses\n    tags\n    customFields\n    submissionCount\n    createdAt\n    updatedAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneContact($id: ID!) {\n    contact(id: $id) {\n      ...WholeContact\n    }\n  }\n"): (typeof documents)["\n  query OneContact($id: ID!) {\n    contact(id: $id) {\n      ...WholeContact\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DeliveryFilterChoices {\n    eventTypes {\n      type\n    }\n    webhookEndpoints(first: 100) {\n      nodes {\n        id\n        url\n      }\n    }\n  }\n"): (typeof documents)["\n  query DeliveryFilterChoices {\n    eventTypes {\n      type\n    }\n    webhookEndpoints(first: 100) {\n      nodes {\n        id\n        url\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Deliveries($filter: WebhookDeliveryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookDeliveries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...DeliveryRow\n      }\n      searchedTo\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Deliveries($filter: WebhookDeliveryFilter, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookDeliveries(filter: $filter, first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...DeliveryRow\n      }\n      searchedTo\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RedeliverDelivery($input: RedeliverInput!) {\n    redeliver(input: $input) {\n      webhookDelivery {\n        id\n        status\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RedeliverDelivery($input: RedeliverInput!) {\n    redeliver(input: $input) {\n      webhookDelivery {\n        id\n        status\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DeliveryOfEvent($id: ID!) {\n    event(id: $id) {\n      id\n      deliveries(first: 1) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query DeliveryOfEvent($id: ID!) {\n    event(id: $id) {\n      id\n      deliveries(first: 1) {\n        nodes {\n          id\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DeliveryRow on WebhookDelivery {\n    id\n    status\n    attemptCount\n    createdAt\n    nextAttemptAt\n    endedAt\n    skipReason\n    lastAttempt {\n      outcome\n      responseStatus\n      timings {\n        totalMs\n      }\n    }\n    event {\n      id\n      type\n      createdAt\n    }\n    endpoint {\n      id\n      url\n    }\n  }\n"): (typeof documents)["\n  fragment DeliveryRow on WebhookDelivery {\n    id\n    status\n    attemptCount\n    createdAt\n    nextAttemptAt\n    endedAt\n    skipReason\n    lastAttempt {\n      outcome\n      responseStatus\n      timings {\n        totalMs\n      }\n    }\n    event {\n      id\n      type\n      createdAt\n    }\n    endpoint {\n      id\n      url\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment DeliveryDetail on WebhookDelivery {\n    ...DeliveryRow\n    attemptsLeft\n    requestBody\n    attempts {\n      number\n      at\n      outcome\n      responseStatus\n      responseBody\n      requestHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      responseHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      error\n      address\n      timings {\n        dnsMs\n        connectMs\n        tlsMs\n        firstByteMs\n        totalMs\n      }\n    }\n    endpoint {\n      id\n      url\n      status\n      pauseReason\n    }\n    event {\n      id\n      type\n      createdAt\n      payload\n      deliveries(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          endpoint {\n            id\n            url\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment DeliveryDetail on WebhookDelivery {\n    ...DeliveryRow\n    attemptsLeft\n    requestBody\n    attempts {\n      number\n      at\n      outcome\n      responseStatus\n      responseBody\n      requestHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      responseHeaders {\n        exact\n        headers {\n          name\n          value\n        }\n      }\n      error\n      address\n      timings {\n        dnsMs\n        connectMs\n        tlsMs\n        firstByteMs\n        totalMs\n      }\n    }\n    endpoint {\n      id\n      url\n      status\n      pauseReason\n    }\n    event {\n      id\n      type\n      createdAt\n      payload\n      deliveries(first: 10) {\n        nodes {\n          id\n          status\n          createdAt\n          endpoint {\n            id\n            url\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DeliveryById($id: ID!) {\n    webhookDelivery(id: $id) {\n      ...DeliveryDetail\n    }\n  }\n"): (typeof documents)["\n  query DeliveryById($id: ID!) {\n    webhookDelivery(id: $id) {\n      ...DeliveryDetail\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription DeliveryChanged($endpointId: ID) {\n    deliveryUpdated(endpointId: $endpointId) {\n      ...DeliveryRow\n    }\n  }\n"): (typeof documents)["\n  subscription DeliveryChanged($endpointId: ID) {\n    deliveryUpdated(endpointId: $endpointId) {\n      ...DeliveryRow\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DistrustDocuments($input: DistrustDocumentsInput!) {\n    distrustDocuments(input: $input) {\n      documentIds\n    }\n  }\n"): (typeof documents)["\n  mutation DistrustDocuments($input: DistrustDocumentsInput!) {\n    distrustDocuments(input: $input) {\n      documentIds\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Documents($first: Int, $after: String, $last: Int, $before: String) {\n    trustedDocuments(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    apiKeys(first: 100) {\n      nodes {\n        id\n        name\n        documentsOnly\n        revokedAt\n        expiresAt\n      }\n    }\n  }\n"): (typeof documents)["\n  query Documents($first: Int, $after: String, $last: Int, $before: String) {\n    trustedDocuments(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    apiKeys(first: 100) {\n      nodes {\n        id\n        name\n        documentsOnly\n        revokedAt\n        expiresAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TrustDocuments($input: TrustDocumentsInput!) {\n    trustDocuments(input: $input) {\n      documentIds\n    }\n  }\n"): (typeof documents)["\n  mutation TrustDocuments($input: TrustDocumentsInput!) {\n    trustDocuments(input: $input) {\n      documentIds\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Trusted($after: String) {\n    trustedDocuments(first: 100, after: $after) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Trusted($after: String) {\n    trustedDocuments(first: 100, after: $after) {\n      nodes {\n        documentId\n        text\n        createdAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation AcceptInvitation($input: AcceptInvitationInput!) {\n    acceptInvitation(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ConnectPlatform($input: CreateConversionDestinationInput!) {\n    createConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ConnectPlatform($input: CreateConversionDestinationInput!) {\n    createConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ConversionsOfBot($first: Int, $after: String, $last: Int, $before: String, $filter: ConversionFilter) {\n    conversions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...ConversionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query ConversionsOfBot($first: Int, $after: String, $last: Int, $before: String, $filter: ConversionFilter) {\n    conversions(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        ...ConversionRow\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ConversionChanged($destinationId: ID) {\n    conversionUpdated(destinationId: $destinationId) {\n      ...ConversionRow\n    }\n  }\n"): (typeof documents)["\n  subscription ConversionChanged($destinationId: ID) {\n    conversionUpdated(destinationId: $destinationId) {\n      ...ConversionRow\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query BotToMap($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      schema {\n        name\n        label\n        type\n        kind\n      }\n    }\n  }\n"): (typeof documents)["\n  query BotToMap($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      schema {\n        name\n        label\n        type\n        kind\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteDestination($input: DeleteConversionDestinationInput!) {\n    deleteConversionDestination(input: $input) {\n      id\n    }\n  }\n"): (typeof documents)["\n  mutation DeleteDestination($input: DeleteConversionDestinationInput!) {\n    deleteConversionDestination(input: $input) {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateDestination($input: UpdateConversionDestinationInput!) {\n    updateConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateDestination($input: UpdateConversionDestinationInput!) {\n    updateConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MarketedBot($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      name\n    }\n  }\n"): (typeof documents)["\n  query MarketedBot($id: ID!) {\n    intakeBot(id: $id) {\n      id\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneConversion($id: ID!) {\n    node(id: $id) {\n      __typename\n      ... on Conversion {\n        ...ConversionRow\n        eventId\n        occurredAt\n        endedAt\n        dropped\n      }\n    }\n  }\n"): (typeof documents)["\n  query OneConversion($id: ID!) {\n    node(id: $id) {\n      __typename\n      ... on Conversion {\n        ...ConversionRow\n        eventId\n        occurredAt\n        endedAt\n        dropped\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Resend($input: ResendConversionInput!) {\n    resendConversion(input: $input) {\n      conversion {\n        ...ConversionRow\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation Resend($input: ResendConversionInput!) {\n    resendConversion(input: $input) {\n      conversion {\n        ...ConversionRow\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DestinationsOfBot($id: ID!) {\n    conversionDestinations(intakeBotId: $id, first: 20) {\n      nodes {\n        ...Destination\n      }\n    }\n  }\n"): (typeof documents)["\n  query DestinationsOfBot($id: ID!) {\n    conversionDestinations(intakeBotId: $id, first: 20) {\n      nodes {\n        ...Destination\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation PauseDestination($input: PauseConversionDestinationInput!) {\n    pauseConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation PauseDestination($input: PauseConversionDestinationInput!) {\n    pauseConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResumeDestination($input: ResumeConversionDestinationInput!) {\n    resumeConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ResumeDestination($input: ResumeConversionDestinationInput!) {\n    resumeConversionDestination(input: $input) {\n      conversionDestination {\n        ...Destination\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TestDestination($input: TestConversionDestinationInput!) {\n    testConversionDestination(input: $input) {\n      ok\n      verdict\n      message\n      sent\n    }\n  }\n"): (typeof documents)["\n  mutation TestDestination($input: TestConversionDestinationInput!) {\n    testConversionDestination(input: $input) {\n      ok\n      verdict\n      message\n      sent\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Destination on ConversionDestination {\n    id\n    platform\n    status\n    pauseReason\n    settings\n    credential {\n      lastFour\n      setAt\n      expiresAt\n    }\n    eventName\n    value {\n      amount\n      currency\n      field\n    }\n    mapping\n    defaultCountry\n    consentMode\n    testCode\n    lastSentAt\n    createdAt\n    summary\n  }\n"): (typeof documents)["\n  fragment Destination on ConversionDestination {\n    id\n    platform\n    status\n    pauseReason\n    settings\n    credential {\n      lastFour\n      setAt\n      expiresAt\n    }\n    eventName\n    value {\n      amount\n      currency\n      field\n    }\n    mapping\n    defaultCountry\n    consentMode\n    testCode\n    lastSentAt\n    createdAt\n    summary\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ConversionRow on Conversion {\n    id\n    status\n    verdict\n    reason\n    nextAttemptAt\n    createdAt\n    platform\n    destination {\n      id\n    }\n    submission {\n      id\n      isTest\n      contact {\n        ...Person\n      }\n    }\n    attempts {\n      at\n      status\n      code\n      message\n      traceId\n      ms\n    }\n  }\n"): (typeof documents)["\n  fragment ConversionRow on Conversion {\n    id\n    status\n    verdict\n    reason\n    nextAttemptAt\n    createdAt\n    platform\n    destination {\n      id\n    }\n    submission {\n      id\n      isTest\n      contact {\n        ...Person\n      }\n    }\n    attempts {\n      at\n      status\n      code\n      message\n      traceId\n      ms\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query HeldOf($filter: ConversionFilter) {\n    conversions(first: 1, filter: $filter) {\n      totalCount\n    }\n  }\n"): (typeof documents)["\n  query HeldOf($filter: ConversionFilter) {\n    conversions(first: 1, filter: $filter) {\n      totalCount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation InviteMember($input: InviteMemberInput!) {\n    inviteMember(input: $input) {\n      link\n      invitation {\n        id\n        email\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation InviteMember($input: InviteMemberInput!) {\n    inviteMember(input: $input) {\n      link\n      invitation {\n        id\n        email\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ChangeRole($input: UpdateMemberRoleInput!) {\n    updateMemberRole(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ChangeRole($input: UpdateMemberRoleInput!) {\n    updateMemberRole(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Members($first: Int, $after: String, $last: Int, $before: String) {\n    members(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Member\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    invitations(first: 100) {\n      nodes {\n        id\n        email\n        role\n        createdAt\n        expiresAt\n      }\n    }\n  }\n"): (typeof documents)["\n  query Members($first: Int, $after: String, $last: Int, $before: String) {\n    members(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...Member\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n    invitations(first: 100) {\n      nodes {\n        id\n        email\n        role\n        createdAt\n        expiresAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation WithdrawInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) {\n      invitation {\n        id\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation WithdrawInvitation($input: RevokeInvitationInput!) {\n    revokeInvitation(input: $input) {\n      invitation {\n        id\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) {\n      member {\n        id\n        name\n      }\n      apiKeysMade {\n        id\n        name\n        hint\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RemoveMember($input: RemoveMemberInput!) {\n    removeMember(input: $input) {\n      member {\n        id\n        name\n      }\n      apiKeysMade {\n        id\n        name\n        hint\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation TransferOwnership($input: TransferOwnershipInput!) {\n    transferOwnership(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation TransferOwnership($input: TransferOwnershipInput!) {\n    transferOwnership(input: $input) {\n      member {\n        ...Member\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Member on User {\n    id\n    name\n    email\n    role\n    createdAt\n  }\n"): (typeof documents)["\n  fragment Member on User {\n    id\n    name\n    email\n    role\n    createdAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MemberById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Member\n    }\n  }\n"): (typeof documents)["\n  query MemberById($id: ID!) {\n    node(id: $id) {\n      __typename\n      ...Member\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EndpointsHealth {\n    webhookEndpoints(first: 10) {\n      nodes {\n        ...EndpointState\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n"): (typeof documents)["\n  query EndpointsHealth {\n    webhookEndpoints(first: 10) {\n      nodes {\n        ...EndpointState\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DismissNotice($input: DismissNoticeInput!) {\n    dismissNotice(input: $input) {\n      notice {\n        id\n        dismissedAt\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation DismissNotice($input: DismissNoticeInput!) {\n    dismissNotice(input: $input) {\n      notice {\n        id\n        dismissedAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Overview {\n    workspace {\n      id\n      usage {\n        apiKeys\n        submissionsThisMonth\n        storedBytes\n        storedMeasuredAt\n      }\n      notices(first: 5) {\n        nodes {\n          id\n          kind\n          params\n          text\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n    intakeBots(first: 20) {\n      nodes {\n        id\n        submissionCount\n      }\n    }\n  }\n"): (typeof documents)["\n  query Overview {\n    workspace {\n      id\n      usage {\n        apiKeys\n        submissionsThisMonth\n        storedBytes\n        storedMeasuredAt\n      }\n      notices(first: 5) {\n        nodes {\n          id\n          kind\n          params\n          text\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n    intakeBots(first: 20) {\n      nodes {\n        id\n        submissionCount\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Happened {\n    eventOccurred {\n      id\n    }\n  }\n"): (typeof documents)["\n  subscription Happened {\n    eventOccurred {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneRecord($id: ID!) {\n    record(id: $id) {\n      id\n      recordType\n      data\n      submissionId\n      createdAt\n      updatedAt\n      contacts(first: 100) {\n        role\n        contact {\n          ...Person\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query OneRecord($id: ID!) {\n    record(id: $id) {\n      id\n      recordType\n      data\n      submissionId\n      createdAt\n      updatedAt\n      contacts(first: 100) {\n        role\n        contact {\n          ...Person\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Records($first: Int, $after: String, $last: Int, $before: String, $filter: RecordFilter) {\n    records(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id\n        recordType\n        submissionId\n        createdAt\n        contacts(first: 3) {\n          role\n          contact {\n            ...Person\n          }\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Records($first: Int, $after: String, $last: Int, $before: String, $filter: RecordFilter) {\n    records(first: $first, after: $after, last: $last, before: $before, filter: $filter) {\n      nodes {\n        id\n        recordType\n        submissionId\n        createdAt\n        contacts(first: 3) {\n          role\n          contact {\n            ...Person\n          }\n        }\n      }\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      viewer {\n        role\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query IsSignedIn {\n    viewer {\n      role\n    }\n  }\n"): (typeof documents)["\n  query IsSignedIn {\n    viewer {\n      role\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query MessagesOfSubmission($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    submission(id: $id) {\n      id\n      messages(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          id\n          role\n          content\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query MessagesOfSubmission($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {\n    submission(id: $id) {\n      id\n      messages(first: $first, after: $after, last: $last, before: $before) {\n        nodes {\n          id\n          role\n          content\n          createdAt\n        }\n        pageInfo {\n          hasNextPage\n          hasPreviousPage\n          startCursor\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query SubmissionToChange($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      intakeBot {\n        id\n        name\n        recordType\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n          placeholder\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query SubmissionToChange($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      intakeBot {\n        id\n        name\n        recordType\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n          placeholder\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateSubmission($input: UpdateSubmissionInput!) {\n    updateSubmission(input: $input) {\n      submission {\n        id\n        status\n        updatedAt\n        contact {\n          id\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateSubmission($input: UpdateSubmissionInput!) {\n    updateSubmission(input: $input) {\n      submission {\n        id\n        status\n        updatedAt\n        contact {\n          id\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query OneSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      aiSummary\n      fileCount\n      schemaVersion\n      createdAt\n      updatedAt\n      contact {\n        ...Person\n      }\n      intakeBot {\n        id\n        name\n        status\n        recordType\n        schemaVersion\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n        }\n      }\n    }\n    records(first: 1, filter: { submissionId: $id }) {\n      nodes {\n        id\n        recordType\n      }\n    }\n  }\n"): (typeof documents)["\n  query OneSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      status\n      isTest\n      data\n      aiSummary\n      fileCount\n      schemaVersion\n      createdAt\n      updatedAt\n      contact {\n        ...Person\n      }\n      intakeBot {\n        id\n        name\n        status\n        recordType\n        schemaVersion\n        schema {\n          name\n          label\n          type\n          kind\n          required\n          options\n          helperText\n        }\n      }\n    }\n    records(first: 1, filter: { submissionId: $id }) {\n      nodes {\n        id\n        recordType\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EventsOfSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      events(first: 20) {\n        nodes {\n          id\n          type\n          createdAt\n          deliveries(first: 20) {\n            nodes {\n              id\n              status\n              attemptCount\n              endpoint {\n                id\n                url\n              }\n            }\n            pageInfo {\n              hasNextPage\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query EventsOfSubmission($id: ID!) {\n    submission(id: $id) {\n      id\n      events(first: 20) {\n        nodes {\n          id\n          type\n          createdAt\n          deliveries(first: 20) {\n            nodes {\n              id\n              status\n              attemptCount\n              endpoint {\n                id\n                url\n              }\n            }\n            pageInfo {\n              hasNextPage\n            }\n          }\n        }\n        pageInfo {\n          hasNextPage\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment SubmissionRow on Submission {\n    id\n    status\n    isTest\n    fileCount\n    createdAt\n    contact {\n      ...Person\n    }\n  }\n"): (typeof documents)["\n  fragment SubmissionRow on Submission {\n    id\n    status\n    isTest\n    fileCount\n    createdAt\n    contact {\n      ...Person\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DeleteWebhook($input: DeleteWebhookEndpointInput!) {\n    deleteWebhookEndpoint(input: $input) {\n      id\n    }\n  }\n"): (typeof documents)["\n  mutation DeleteWebhook($input: DeleteWebhookEndpointInput!) {\n    deleteWebhookEndpoint(input: $input) {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation UpdateWebhook($input: UpdateWebhookEndpointInput!) {\n    updateWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation UpdateWebhook($input: UpdateWebhookEndpointInput!) {\n    updateWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query LastFailure($endpointId: ID!, $failures: [WebhookAttemptOutcome!]!) {\n    webhookDeliveries(first: 1, filter: { endpointId: $endpointId, outcome: $failures }) {\n      nodes {\n        id\n        lastAttempt {\n          outcome\n          responseStatus\n          error\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query LastFailure($endpointId: ID!, $failures: [WebhookAttemptOutcome!]!) {\n    webhookDeliveries(first: 1, filter: { endpointId: $endpointId, outcome: $failures }) {\n      nodes {\n        id\n        lastAttempt {\n          outcome\n          responseStatus\n          error\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EndpointDeliveries($endpointId: ID!) {\n    webhookDeliveries(first: 10, filter: { endpointId: $endpointId }) {\n      nodes {\n        ...DeliveryRow\n      }\n    }\n  }\n"): (typeof documents)["\n  query EndpointDeliveries($endpointId: ID!) {\n    webhookDeliveries(first: 10, filter: { endpointId: $endpointId }) {\n      nodes {\n        ...DeliveryRow\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EventTypes {\n    eventTypes {\n      type\n      description\n    }\n  }\n"): (typeof documents)["\n  query EventTypes {\n    eventTypes {\n      type\n      description\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CreateWebhook($input: CreateWebhookEndpointInput!) {\n    createWebhookEndpoint(input: $input) {\n      secret\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CreateWebhook($input: CreateWebhookEndpointInput!) {\n    createWebhookEndpoint(input: $input) {\n      secret\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EndpointById($id: ID!, $since: DateTime!) {\n    # Not by node(id:), which knows deleted ones for as long as their deliveries are kept.\n    webhookEndpoint(id: $id) {\n      ...EndpointState\n      ...LastDay\n      events\n      customHeaderNames\n      payloadQuery\n      maxConcurrency\n      createdAt\n      updatedAt\n    }\n  }\n"): (typeof documents)["\n  query EndpointById($id: ID!, $since: DateTime!) {\n    # Not by node(id:), which knows deleted ones for as long as their deliveries are kept.\n    webhookEndpoint(id: $id) {\n      ...EndpointState\n      ...LastDay\n      events\n      customHeaderNames\n      payloadQuery\n      maxConcurrency\n      createdAt\n      updatedAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation PauseWebhook($input: PauseWebhookEndpointInput!) {\n    pauseWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation PauseWebhook($input: PauseWebhookEndpointInput!) {\n    pauseWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query PreviewPayload($type: EventType!, $payloadQuery: String) {\n    previewPayload(type: $type, payloadQuery: $payloadQuery)\n  }\n"): (typeof documents)["\n  query PreviewPayload($type: EventType!, $payloadQuery: String) {\n    previewPayload(type: $type, payloadQuery: $payloadQuery)\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query EventSchemas {\n    eventTypes {\n      type\n      schema\n    }\n  }\n"): (typeof documents)["\n  query EventSchemas {\n    eventTypes {\n      type\n      schema\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ReplayProgressed($id: ID!) {\n    replayProgressed(id: $id) {\n      ...ReplayState\n    }\n  }\n"): (typeof documents)["\n  subscription ReplayProgressed($id: ID!) {\n    replayProgressed(id: $id) {\n      ...ReplayState\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelReplay($input: CancelReplayInput!) {\n    cancelReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CancelReplay($input: CancelReplayInput!) {\n    cancelReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation StartReplay($input: StartReplayInput!) {\n    startReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation StartReplay($input: StartReplayInput!) {\n    startReplay(input: $input) {\n      replay {\n        ...ReplayState\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ResumeWebhook($input: ResumeWebhookEndpointInput!) {\n    resumeWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ResumeWebhook($input: ResumeWebhookEndpointInput!) {\n    resumeWebhookEndpoint(input: $input) {\n      webhookEndpoint {\n        ...EndpointState\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SendTestEvent($input: SendTestEventInput!) {\n    sendTestEvent(input: $input) {\n      attempt {\n        at\n        outcome\n        responseStatus\n        responseBody\n        error\n        address\n        timings {\n          dnsMs\n          connectMs\n          tlsMs\n          firstByteMs\n          totalMs\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SendTestEvent($input: SendTestEventInput!) {\n    sendTestEvent(input: $input) {\n      attempt {\n        at\n        outcome\n        responseStatus\n        responseBody\n        error\n        address\n        timings {\n          dnsMs\n          connectMs\n          tlsMs\n          firstByteMs\n          totalMs\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RotateWebhookSecret($input: RotateWebhookSecretInput!) {\n    rotateWebhookSecret(input: $input) {\n      secret\n      webhookEndpoint {\n        id\n        updatedAt\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RotateWebhookSecret($input: RotateWebhookSecretInput!) {\n    rotateWebhookSecret(input: $input) {\n      secret\n      webhookEndpoint {\n        id\n        updatedAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Webhooks($since: DateTime!, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookEndpoints(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...EndpointState\n        ...LastDay\n        events\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Webhooks($since: DateTime!, $first: Int, $after: String, $last: Int, $before: String) {\n    webhookEndpoints(first: $first, after: $after, last: $last, before: $before) {\n      nodes {\n        ...EndpointState\n        ...LastDay\n        events\n      }\n      totalCount\n      pageInfo {\n        hasNextPage\n        hasPreviousPage\n        startCursor\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription SomethingSent {\n    deliveryUpdated {\n      id\n    }\n  }\n"): (typeof documents)["\n  subscription SomethingSent {\n    deliveryUpdated {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment EndpointState on WebhookEndpoint {\n    id\n    url\n    description\n    status\n    pauseReason\n    pausedAt\n    consecutiveFails\n    heldCount\n    lastDeliveryAt\n    lastDeliveryOk\n  }\n"): (typeof documents)["\n  fragment EndpointState on WebhookEndpoint {\n    id\n    url\n    description\n    status\n    pauseReason\n    pausedAt\n    consecutiveFails\n    heldCount\n    lastDeliveryAt\n    lastDeliveryOk\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LastDay on WebhookEndpoint {\n    stats(since: $since, buckets: 24) {\n      at\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n    lastDay: stats(since: $since, buckets: 1) {\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n  }\n"): (typeof documents)["\n  fragment LastDay on WebhookEndpoint {\n    stats(since: $since, buckets: 24) {\n      at\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n    lastDay: stats(since: $since, buckets: 1) {\n      delivered\n      failed\n      p50Ms\n      p95Ms\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ReplayState on Replay {\n    id\n    status\n    only\n    since\n    until\n    ratePerSecond\n    dryRun\n    counted\n    total\n    done\n    createdAt\n  }\n"): (typeof documents)["\n  fragment ReplayState on Replay {\n    id\n    status\n    only\n    since\n    until\n    ratePerSecond\n    dryRun\n    counted\n    total\n    done\n    createdAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Replays {\n    replays(first: 50) {\n      nodes {\n        ...ReplayState\n        endpoint {\n          id\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Replays {\n    replays(first: 50) {\n      nodes {\n        ...ReplayState\n        endpoint {\n          id\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RenameWorkspace($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        name\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RenameWorkspace($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        name\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SwitchAgents($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        agentsMayConnect\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SwitchAgents($input: UpdateWorkspaceInput!) {\n    updateWorkspace(input: $input) {\n      workspace {\n        id\n        agentsMayConnect\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignOut {\n    signOut {\n      signedOut\n    }\n  }\n"): (typeof documents)["\n  mutation SignOut {\n    signOut {\n      signedOut\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query WhoIsHere {\n    viewer {\n      role\n      user {\n        id\n        email\n        name\n      }\n      workspace {\n        id\n        name\n        plan\n        agentsMayConnect\n        limits {\n          api\n          apiKeys\n          conversions\n          requestsPerMinute\n          storageBytes\n          submissionRetentionDays\n          submissionsPerMonth\n          webhookEndpoints\n          webhooks\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query WhoIsHere {\n    viewer {\n      role\n      user {\n        id\n        email\n        name\n      }\n      workspace {\n        id\n        name\n        plan\n        agentsMayConnect\n        limits {\n          api\n          apiKeys\n          conversions\n          requestsPerMinute\n          storageBytes\n          submissionRetentionDays\n          submissionsPerMonth\n          webhookEndpoints\n          webhooks\n        }\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;